// What is in a slice, counted while it is cut.
#pragma once
#include "jit/slice/manifest.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/IR/GlobalValue.h"

namespace roam::plugin {

class Initialisers;

/// `reached` is all that the slice of `entry` holds and needs, after optimisation. Sizes are counts
/// of instructions: bytes of bitcode can't be told apart by function, and bytes of machine code are
/// the peer's. Constants that are built by code are no state, though they are not constant to LLVM.
CodeDescription describeCode(llvm::ArrayRef<llvm::GlobalValue*> reached,
                             const llvm::GlobalValue& entry, const Initialisers& initialisers);

} // namespace roam::plugin
