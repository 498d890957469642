// Another file of the test program.
#include "tests/e2e/across/elsewhere.h"

namespace roam::e2e {

bool isEven(unsigned n) {
  return n == 0 || isOdd(n - 1);
}

int viaTwoFiles(int x) {
  Line line{x, 2.5, "thing"};
  return int(total(line)) + weights[x % 4];
}

template <class T>
T Box<T>::twice() const {
  return value + value;
}
template struct Box<int>;

} // namespace roam::e2e
