// Canonical form: takes from a module what depends on flags, names and neighbours, so that equal
// code gives equal bytes.
#pragma once
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include <optional>
#include <string>

namespace roam::plugin {

/// Bitcode files carry their context's table of metadata kinds. Makes that table the same in every
/// compilation: call on a fresh context, before anything else.
void prepareContext(llvm::LLVMContext& context);
/// The name of a metadata kind that was registered since and that prepareContext does not know.
/// Digests would vary.
std::optional<std::string> unknownMetadataKind(llvm::LLVMContext& context);

/// Drops what does not belong to the meaning of the code: debug locations, most attributes and
/// metadata, COMDATs, sections, visibility. Every definition becomes external. Called before and
/// after `optimiseBottomUp`.
void clean(llvm::Module& module);

} // namespace roam::plugin
