// Which attributes belong to the meaning of the code.
#pragma once
#include "plugin/literal-types.h"
#include "llvm/IR/Attributes.h"

namespace roam::plugin {

/// Attribute lists of definitions and calls without what flags of the host's compilation put there.
/// Thousands of calls share a few lists, so results are remembered.
class AttributeCleaner {
 public:
  explicit AttributeCleaner(llvm::LLVMContext& context) : context_(context) {}
  llvm::AttributeList operator()(llvm::AttributeList attributes);

 private:
  llvm::LLVMContext& context_;
  LiteralTypes types_;
  llvm::DenseMap<void*, llvm::AttributeList> known_;
};

/// What caller and callee must agree on: extension, returned structs, by-value arguments. All that
/// is left on a declaration: the rest (nounwind, noundef, ...) depends on who declared it first,
/// the compiler or a header, and calls have it themselves.
llvm::AttributeList callingAttributes(llvm::LLVMContext& context, llvm::AttributeList attributes);

} // namespace roam::plugin
