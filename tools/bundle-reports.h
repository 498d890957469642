// What `roam bundle show`, `verify` and `diff` print.
#pragma once
#include "jit/slice/bundle.h"
#include "runtime/bundle-signature.h"
#include <string>
#include <vector>

namespace roam::tools {

/// A table for people; or for scripts, without its heading and separated by tabs, with whole
/// digests.
std::string contentsOf(const Bundle& bundle, bool plain);

/// Everything that is wrong with a bundle whose table of contents could be read, one line each:
/// every blob is hashed, and every signature checked. With keys, one of them must have signed it.
std::vector<std::string> faultsOf(const Bundle& bundle, const std::vector<PublicKey>& keys);

/// One line for each entry that is in one of them only, or has other objects or another weight:
/// nothing for equal ones.
std::string differenceOf(const Bundle& before, const Bundle& after);

} // namespace roam::tools
