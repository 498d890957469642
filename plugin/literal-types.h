// Struct types without their names: names hold source names and numbers that depend on the rest of
// the file.
#pragma once
#include "llvm/ADT/DenseMap.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/Transforms/Utils/ValueMapper.h"

namespace roam::plugin {

/// Maps every type to the same type made of literal structs. With opaque pointers no struct holds
/// itself, so this ends.
class LiteralTypes : public llvm::ValueMapTypeRemapper {
 public:
  llvm::Type* remapType(llvm::Type* type) override {
    if (auto known = known_.find(type); known != known_.end())
      return known->second;
    llvm::Type* literal = type;
    llvm::SmallVector<llvm::Type*, 8> parts;
    if (auto* record = llvm::dyn_cast<llvm::StructType>(type)) {
      if (!record->isOpaque()) {
        for (llvm::Type* element : record->elements())
          parts.push_back(remapType(element));
        literal = llvm::StructType::get(type->getContext(), parts, record->isPacked());
      }
    } else if (auto* array = llvm::dyn_cast<llvm::ArrayType>(type)) {
      literal = llvm::ArrayType::get(remapType(array->getElementType()), array->getNumElements());
    } else if (auto* function = llvm::dyn_cast<llvm::FunctionType>(type)) {
      for (llvm::Type* parameter : function->params())
        parts.push_back(remapType(parameter));
      literal = llvm::FunctionType::get(remapType(function->getReturnType()), parts,
                                        function->isVarArg());
    }
    return known_[type] = literal;
  }

 private:
  llvm::DenseMap<llvm::Type*, llvm::Type*> known_;
};

} // namespace roam::plugin
