// A library whose closures a peer loads as machine code.
#pragma once
#include "roam/wrapper.h"

namespace roam::peer::testing {

/// What an origin knows of a closure of the library.
struct Sent {
  const char* name;
  const EntryRecord* entry;
};

/// In elsewhere.cpp.
int fee(int pieces);
int counted();
extern const int bulk;

} // namespace roam::peer::testing
