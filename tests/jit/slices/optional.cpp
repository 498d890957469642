// Lives without a weak symbol.
extern "C" __attribute__((weak)) int optionalFunction();
extern "C" int entry() asm("roam.root");

int entry() {
  return optionalFunction ? optionalFunction() : 7;
}
