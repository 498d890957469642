// The optimisation before the digest: callees first, one function at a time.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/IR/Module.h"

namespace roam::plugin {

/// Simplifies every function that `roots` reach, and inlines small callees; the rest is removed.
/// What becomes of a function depends on what it refers to only, never on who else calls them or on
/// the order in the module: the digest of an entry is the same whatever other entries the file has.
void optimiseBottomUp(llvm::Module& module, llvm::ArrayRef<llvm::GlobalValue*> roots);

} // namespace roam::plugin
