// Calls of libm with constant arguments: the peer's libm computes them, not the compiler's.
#pragma once
#include "llvm/IR/Module.h"

namespace roam::plugin {

/// Keeps passes from folding calls whose last bit differs between versions of libm, as
/// std::sin(1.0) does; until `releaseMathCalls`. Exact ones, like std::sqrt and std::fmod, are
/// folded.
void holdMathCalls(llvm::Module& module);
void releaseMathCalls(llvm::Module& module);

} // namespace roam::plugin
