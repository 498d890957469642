// Needs what nobody defines, twice, and something that is optional.
namespace nowhere {
int missing(int);
extern int table[];
} // namespace nowhere
extern "C" __attribute__((weak)) int optionalFunction();

extern "C" int entry(int x) asm("roam.root");

int entry(int x) {
  return nowhere::missing(x) + nowhere::table[x] + (optionalFunction ? optionalFunction() : 0);
}
