// The members of roam::reflect<T>. For `[a, b = x * 2]` with an int and a double it becomes
//
//     template <> struct reflect<closure-type> {
//       using type = Fields<Field<int, 0, 0>, Field<double, 8, fieldInitCapture>>;
//       using closure = closure-type;
//     };
#include "plugin/reflect.h"
#include "plugin/place-of-use.h"
#include "plugin/report.h"
#include "clang/AST/ASTConsumer.h"
#include "clang/AST/RecordLayout.h"
#include "clang/Sema/Lookup.h"

using namespace clang;

namespace roam::plugin {
namespace {

// The values of roam::FieldFlags in runtime/include/roam/reflect.h.
enum : unsigned {
  fieldMutable = 1,
  fieldInitCapture = 2,
  fieldReference = 4,
  fieldThis = 8,
  fieldBase = 64,
};

/// A hand-written copy, move or destructor keeps an invariant that copying field by field would
/// break.
bool keepsInvariant(const CXXRecordDecl* record) {
  auto* destructor = record->getDestructor();
  return (destructor && destructor->isUserProvided()) ||
         llvm::any_of(record->ctors(), [](const CXXConstructorDecl* constructor) {
           return constructor->isCopyOrMoveConstructor() && constructor->isUserProvided();
         });
}

/// May the headers take it apart field by field? Bit-fields have no address: such classes travel
/// whole or not at all.
bool isPlainAggregate(const CXXRecordDecl* record) {
  if (record->isPolymorphic() || record->getNumVBases() || keepsInvariant(record))
    return false;
  return llvm::all_of(
             record->bases(),
             [](const CXXBaseSpecifier& base) { return base.getAccessSpecifier() == AS_public; }) &&
         llvm::all_of(record->fields(), [](const FieldDecl* field) {
           return field->getAccess() == AS_public && !field->isBitField();
         });
}

/// The flags of a closure's field that only its capture knows.
unsigned captureFlags(const LambdaCapture& capture) {
  if (capture.capturesThis())
    return fieldThis;
  if (!capture.capturesVariable())
    return 0;
  auto* variable = dyn_cast<VarDecl>(capture.getCapturedVar());
  return variable && variable->isInitCapture() ? fieldInitCapture : 0;
}

} // namespace

bool isStandard(const Decl* decl) {
  if (decl->isInStdNamespace())
    return true;
  for (const DeclContext* at = decl->getDeclContext(); at; at = at->getParent())
    if (auto* space = dyn_cast<NamespaceDecl>(at); space && space->getParent()->isTranslationUnit())
      return space->getName() == "std" || space->getName() == "__gnu_cxx" ||
             space->getName() == "__cxxabiv1";
  return false;
}

ClassTemplateDecl* findTemplate(Sema& sema, Decl* beside, StringRef name) {
  LookupResult found(sema, &sema.Context.Idents.get(name), SourceLocation(),
                     Sema::LookupOrdinaryName);
  found.suppressDiagnostics();
  sema.LookupQualifiedName(found, beside->getDeclContext()->getRedeclContext());
  return found.getAsSingle<ClassTemplateDecl>();
}

void addPublicAlias(ASTContext& context, CXXRecordDecl* to, StringRef name, QualType type) {
  SourceLocation at = to->getLocation();
  auto* alias = TypeAliasDecl::Create(context, to, at, at, &context.Idents.get(name),
                                      context.getTrivialTypeSourceInfo(type, at));
  alias->setAccess(AS_public);
  alias->setImplicit();
  to->addDecl(alias);
}

TemplateArgumentLoc numberArgument(Sema& sema, uint64_t value, QualType type, SourceLocation at) {
  llvm::APSInt number(llvm::APInt(sema.Context.getTypeSize(type), value), /*isUnsigned=*/true);
  return sema.getTrivialTemplateArgumentLoc(TemplateArgument(sema.Context, number, type), type, at);
}

bool Reflector::findVocabulary(ClassTemplateSpecializationDecl* reflect) {
  if (!field_)
    field_ = findTemplate(sema_, reflect, "Field");
  if (!fields_)
    fields_ = findTemplate(sema_, reflect, "Fields");
  return field_ && fields_;
}

QualType Reflector::fieldType(QualType type, uint64_t offset, unsigned flags, SourceLocation at) {
  TemplateArgumentListInfo arguments(at, at);
  arguments.addArgument(
      sema_.getTrivialTemplateArgumentLoc(TemplateArgument(type), QualType(), at));
  arguments.addArgument(numberArgument(sema_, offset, context_.getSizeType(), at));
  arguments.addArgument(numberArgument(sema_, flags, context_.UnsignedIntTy, at));
  return sema_.CheckTemplateIdType(TemplateName(field_), at, arguments);
}

/// The class to reflect, complete; null if it shows nothing.
const CXXRecordDecl* Reflector::reflectable(ClassTemplateSpecializationDecl* reflect) {
  QualType type = reflect->getTemplateArgs()[0].getAsType();
  auto* record = type->getAsCXXRecordDecl();
  if (!record || record->isUnion() || isStandard(record))
    return nullptr;
  if (!sema_.isCompleteType(reflect->getLocation(), type)) {
    Report(sema_.Diags)
            .error(placeOfUse(sema_, reflect->getPointOfInstantiation()),
                   "roam needs the fields of %0 here, but its definition is not "
                   "complete yet; move the use below it")
        << type;
    return nullptr;
  }
  record = record->getDefinition();
  if (!record || record->isInvalidDecl() || record->isDependentType())
    return nullptr;
  return record->isLambda() || isPlainAggregate(record) ? record : nullptr;
}

/// Fields<Field<...>, ...>; null if that could not be made.
QualType Reflector::fieldList(const CXXRecordDecl* record, SourceLocation at) {
  TemplateArgumentListInfo fields(at, at);
  auto add = [&](QualType fieldOf, CharUnits offset, unsigned flags) {
    QualType field = fieldType(fieldOf.getCanonicalType(), offset.getQuantity(), flags, at);
    fields.addArgument(
        sema_.getTrivialTemplateArgumentLoc(TemplateArgument(field), QualType(), at));
  };
  const ASTRecordLayout& layout = context_.getASTRecordLayout(record);
  for (const CXXBaseSpecifier& base : record->bases()) {
    auto* baseRecord = base.getType()->getAsCXXRecordDecl();
    if (!baseRecord->isEmpty())
      add(base.getType(), layout.getBaseClassOffset(baseRecord), fieldBase);
  }
  bool closure = record->isLambda();
  auto capture = closure ? record->captures_begin() : CXXRecordDecl::capture_const_iterator();
  for (const FieldDecl* field : record->fields()) {
    unsigned flags = field->isMutable() ? fieldMutable : 0;
    if (closure)
      flags |= captureFlags(*capture++);
    QualType fieldOf = field->getType();
    if (fieldOf->isReferenceType()) { // laid out as a pointer
      flags |= fieldReference;
      fieldOf = context_.getPointerType(fieldOf.getNonReferenceType());
    }
    add(fieldOf, context_.toCharUnitsFromBits(layout.getFieldOffset(field->getFieldIndex())),
        flags);
  }
  return sema_.CheckTemplateIdType(TemplateName(fields_), at, fields);
}

void Reflector::addFields(ClassTemplateSpecializationDecl* reflect) {
  if (reflect->isDependentContext() || !findVocabulary(reflect))
    return;
  const CXXRecordDecl* record = reflectable(reflect);
  QualType list = record ? fieldList(record, reflect->getLocation()) : QualType();
  if (list.isNull())
    return;
  addPublicAlias(context_, reflect, "type", list);
  if (record->isLambda())
    addPublicAlias(context_, reflect, "closure", reflect->getTemplateArgs()[0].getAsType());
}

void Reflector::addVerdict(ClassTemplateSpecializationDecl* shippable, bool value) {
  SourceLocation at = shippable->getLocation();
  QualType type = context_.BoolTy.withConst();
  auto* verdict = VarDecl::Create(context_, shippable, at, at, &context_.Idents.get("value"), type,
                                  context_.getTrivialTypeSourceInfo(type, at), SC_Static);
  verdict->setAccess(AS_public);
  verdict->setImplicit();
  verdict->setConstexpr(true);
  verdict->setInlineSpecified();
  shippable->addDecl(verdict);
  Expr* literal = CXXBoolLiteralExpr::Create(context_, value, context_.BoolTy, at);
  sema_.AddInitializerToDecl(verdict, literal, /*DirectInit=*/false);
  sema_.Consumer.HandleCXXStaticMemberVarInstantiation(verdict); // code generation must know it
}

} // namespace roam::plugin
