// Throws what the captured byte says, at the element whose argument byte is 1.
#include "entry-main.h"
#include <stdexcept>
#include <system_error>
#include <vector>

namespace shop {
struct OutOfStock : std::runtime_error {
  using std::runtime_error::runtime_error;
};
} // namespace shop

ENTRY() {
  for (std::uint64_t i = 0; i < count; ++i) {
    out->element = i;
    if (arguments[i] != 1)
      continue;
    switch (captures[0]) {
    case 'r':
      (void)std::vector<int>(3).at(7);
      break;
    case 's':
      throw std::system_error(ENOENT, std::generic_category(), "opening the till");
    case 'o':
      throw shop::OutOfStock("no apples left");
    case 'i':
      throw 42;
    }
  }
  return roam::Outcome::done;
}
