// Something else under the name of what initialises a slice.
extern "C" int entry() asm("roam.root");
extern "C" int init(int x) asm("roam.init");

int entry() {
  return 1;
}
int init(int x) {
  return x;
}
