// From the bytes of a slice to a module that is ready to be compiled for this process.
#pragma once
#include "jit/slice/digest.h"
#include <cstddef>
#include <llvm/IR/DataLayout.h>
#include <llvm/IR/Module.h>
#include <memory>
#include <span>

namespace roam::jit {

/// Checks that `bytes` are the slice or slice group `digest` names, and only then parses them; the
/// members of a group become one module. In it the entry has the name of its digest, variables that
/// keep their value have stateName()s, and all else but initSymbol is internal. Throws BadSlice.
std::unique_ptr<llvm::Module> readSlice(const Digest& digest, std::span<const std::byte> bytes,
                                        const llvm::DataLayout& layout, llvm::LLVMContext& context);

} // namespace roam::jit
