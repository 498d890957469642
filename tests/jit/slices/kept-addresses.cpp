// Static variables that keep addresses of the slice's own functions and constants. Returns how many
// of them are still the same, and what a jump through a table of labels gives.
extern "C" int entry(int (*otherFunction)(int), const int* otherConstant) asm("roam.root");

namespace {
[[gnu::noinline]] int twice(int x) {
  return 2 * x;
}
[[gnu::noinline]] int thrice(int x) {
  return 3 * x;
}
constexpr int ring[] = {3, 1, 4};
} // namespace

int entry(int (*otherFunction)(int), const int* otherConstant) {
  static int (*function)(int) = otherFunction;
  static const int* constant = otherConstant;
  if (function == otherFunction && constant == otherConstant) {
    function = twice;
    constant = ring;
  }
  static const void* const labels[] = {&&even, &&odd};
  static int calls = 0;
  int jumped = 0;
  goto* labels[calls++ % 2];
odd:
  jumped = 10;
even:
  return jumped + (function == twice) + (function != thrice) + (constant == ring) +
         (function(2) == twice(2));
}
