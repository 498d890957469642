// One way to compile and link a program, as a parameter of tests.
#pragma once
#include <ostream>

namespace roam::plugin::testing {

struct Link {
  const char* name;
  const char* compile; ///< options
  const char* link;
};

inline void PrintTo(const Link& link, std::ostream* out) {
  *out << link.compile << " | " << link.link;
}

} // namespace roam::plugin::testing
