// Finds padding by the layouts of the target.
#include "plugin/padding.h"
#include "clang/AST/DeclCXX.h"
#include "clang/AST/RecordLayout.h"

using namespace clang;

namespace roam::plugin {
namespace {

void markRecord(ASTContext& context, const CXXRecordDecl* record, uint64_t offset,
                llvm::BitVector& used) {
  const ASTRecordLayout& layout = context.getASTRecordLayout(record);
  for (const CXXBaseSpecifier& base : record->bases())
    if (auto* inner = base.getType()->getAsCXXRecordDecl(); !inner->isEmpty())
      markRecord(context, inner->getDefinition(),
                 offset + context.toBits(layout.getBaseClassOffset(inner)), used);
  for (const FieldDecl* field : record->fields())
    markUsed(context, *field, offset, used);
}

void markArray(ASTContext& context, const ConstantArrayType* array, uint64_t offset,
               llvm::BitVector& used) {
  uint64_t size = context.getTypeSize(array->getElementType());
  llvm::BitVector element(size);
  markUsed(context, array->getElementType(), 0, element);
  uint64_t count = array->getSize().getZExtValue();
  if (element.all()) {
    used.set(offset, offset + count * size);
    return;
  }
  for (uint64_t i = 0; i < count; ++i)
    for (unsigned bit : element.set_bits())
      used.set(offset + i * size + bit);
}

} // namespace

void markUsed(ASTContext& context, QualType type, uint64_t offset, llvm::BitVector& used) {
  if (auto* array = context.getAsConstantArrayType(type))
    return markArray(context, array, offset, used);
  if (auto* complex = type->getAs<ComplexType>()) {
    QualType part = complex->getElementType();
    markUsed(context, part, offset, used);
    return markUsed(context, part, offset + context.getTypeSize(part), used);
  }
  auto* record = type->getAsCXXRecordDecl();
  if (record && !record->isUnion())
    return markRecord(context, record->getDefinition(), offset, used);
  bool x87 = type->isSpecificBuiltinType(BuiltinType::LongDouble) &&
             &context.getFloatTypeSemantics(type) == &llvm::APFloat::x87DoubleExtended();
  used.set(offset, offset + (x87 ? 80 : context.getTypeSize(type)));
}

void markUsed(ASTContext& context, const FieldDecl& field, uint64_t offset, llvm::BitVector& used) {
  if (field.isUnnamedBitField() || (!field.isBitField() && field.isZeroSize(context)))
    return;
  uint64_t at =
      offset + context.getASTRecordLayout(field.getParent()).getFieldOffset(field.getFieldIndex());
  if (!field.isBitField())
    return markUsed(context, field.getType(), at, used);
  used.set(at, at + field.getBitWidthValue(context));
}

unsigned maskOf(const llvm::BitVector& used, unsigned byte) {
  unsigned mask = 0;
  for (unsigned bit = 0; bit < 8; ++bit)
    mask |= unsigned(used.test(8 * byte + bit)) << bit;
  return mask;
}

} // namespace roam::plugin
