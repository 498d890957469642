// Which bits of a value mean something; the rest is padding.
#pragma once
#include "clang/AST/ASTContext.h"
#include "llvm/ADT/BitVector.h"

namespace roam::plugin {

/// Sets the bits that a value of this type uses, `offset` bits from the start. Unions use all of
/// theirs.
void markUsed(clang::ASTContext& context, clang::QualType type, uint64_t offset,
              llvm::BitVector& used);
/// The same for one member of a class that starts `offset` bits from the start.
void markUsed(clang::ASTContext& context, const clang::FieldDecl& field, uint64_t offset,
              llvm::BitVector& used);

/// The used bits of one byte.
unsigned maskOf(const llvm::BitVector& used, unsigned byte);

} // namespace roam::plugin
