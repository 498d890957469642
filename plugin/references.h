// What a definition refers to: the edges along which slices are cut and functions are finished.
#pragma once
#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/GlobalValue.h"

namespace roam::plugin {

/// What one definition refers to: functions it calls or takes the address of, variables, the parts
/// of an initialiser. In the order of its blocks from the first on; some may come twice.
llvm::SmallVector<llvm::GlobalValue*, 16> referencesOf(llvm::GlobalValue* global);

} // namespace roam::plugin
