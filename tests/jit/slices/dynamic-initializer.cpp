// A variable whose initial value is computed when a program starts.
int compute();
static int value = compute();
extern "C" int entry() asm("roam.root");

int entry() {
  return value;
}
int __attribute__((noinline)) compute() {
  int volatile x = 3;
  return x;
}
