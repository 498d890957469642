// Attributes: what stays and what goes.
#include "plugin/canonical-attributes.h"
#include "llvm/IR/LLVMContext.h"

using namespace llvm;

namespace roam::plugin {
namespace {

/// String attributes come from flags (target-cpu, frame-pointer, ...), but some say what the code
/// means.
bool hasMeaning(StringRef name) {
  return name.starts_with("denormal-fp-math") || name.starts_with("no-builtin"); // and no-builtins
}

/// Comes from -O and -f flags or is a hint.
bool comesFromFlags(Attribute::AttrKind kind) {
  switch (kind) {
  case Attribute::Cold:
  case Attribute::DisableSanitizerInstrumentation:
  case Attribute::Hot:
  case Attribute::InlineHint:
  case Attribute::MinSize:
  case Attribute::NoCfCheck:
  case Attribute::NoInline:
  case Attribute::NoProfile:
  case Attribute::NoRecurse:
  case Attribute::NoRedZone:
  case Attribute::NonLazyBind:
  case Attribute::OptimizeForSize:
  case Attribute::OptimizeNone:
  case Attribute::SanitizeAddress:
  case Attribute::SanitizeHWAddress:
  case Attribute::SanitizeMemory:
  case Attribute::SanitizeMemTag:
  case Attribute::SanitizeThread:
  case Attribute::StackProtect:
  case Attribute::StackProtectReq:
  case Attribute::StackProtectStrong:
  case Attribute::UWTable:
    return true;
  default:
    return false;
  }
}

bool isCallingConvention(Attribute::AttrKind kind) {
  switch (kind) {
  case Attribute::Alignment: // with byval and sret; dropped elsewhere below
  case Attribute::ByRef:
  case Attribute::ByVal:
  case Attribute::ElementType:
  case Attribute::InAlloca:
  case Attribute::InReg:
  case Attribute::Nest:
  case Attribute::Preallocated:
  case Attribute::ReturnsTwice:
  case Attribute::SExt:
  case Attribute::StructRet:
  case Attribute::SwiftAsync:
  case Attribute::SwiftError:
  case Attribute::SwiftSelf:
  case Attribute::ZExt:
    return true;
  default:
    return false;
  }
}

} // namespace

AttributeList AttributeCleaner::operator()(AttributeList attributes) {
  auto [known, first] = known_.try_emplace(attributes.getRawPointer());
  if (!first)
    return known->second;
  AttributeList kept;
  for (unsigned index : attributes.indexes()) {
    AttrBuilder builder(context_);
    for (Attribute attribute : attributes.getAttributes(index)) {
      if (attribute.isStringAttribute() ? !hasMeaning(attribute.getKindAsString())
                                        : comesFromFlags(attribute.getKindAsEnum()))
        continue;
      if (!attribute.isStringAttribute() && attribute.isTypeAttribute() &&
          attribute.getValueAsType())
        builder.addAttribute(Attribute::get(context_, attribute.getKindAsEnum(),
                                            types_.remapType(attribute.getValueAsType())));
      else
        builder.addAttribute(attribute);
    }
    kept = kept.addAttributesAtIndex(context_, index, builder);
  }
  return known_[attributes.getRawPointer()] = kept;
}

AttributeList callingAttributes(LLVMContext& context, AttributeList attributes) {
  AttributeList kept;
  for (unsigned index : attributes.indexes()) {
    AttributeSet all = attributes.getAttributes(index);
    bool inMemory = all.hasAttribute(Attribute::ByVal) || all.hasAttribute(Attribute::StructRet);
    AttrBuilder builder(context);
    for (Attribute attribute : all)
      if (!attribute.isStringAttribute() && isCallingConvention(attribute.getKindAsEnum()) &&
          (inMemory || attribute.getKindAsEnum() != Attribute::Alignment))
        builder.addAttribute(attribute);
    kept = kept.addAttributesAtIndex(context, index, builder);
  }
  return kept;
}

} // namespace roam::plugin
