// The members of roam::reflect<T>. For `[a, b = x * 2]` with an int and a double it becomes
//
//     template <> struct reflect<closure-type> {
//       using type = Fields<Field<int, 0, 0>, Field<double, 8, fieldInitCapture>>;
//       using closure = closure-type;
//     };
#include "plugin/reflect.h"
#include "plugin/padding.h"
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

/// Written only to be virtual: `virtual ~Shape() {}`.
bool doesNothing(const CXXDestructorDecl* destructor) {
  auto* body = dyn_cast_or_null<CompoundStmt>(destructor->getBody());
  return destructor->isVirtual() && body && body->body_empty();
}

/// A hand-written copy, move or destructor keeps an invariant that copying field by field would
/// break.
bool keepsInvariant(const CXXRecordDecl* record) {
  auto* destructor = record->getDestructor();
  return (destructor && destructor->isUserProvided() && !doesNothing(destructor)) ||
         llvm::any_of(record->ctors(), [](const CXXConstructorDecl* constructor) {
           return constructor->isCopyOrMoveConstructor() && constructor->isUserProvided();
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

bool isSelfReference(QualType base) {
  auto* record = base->getAsCXXRecordDecl();
  return record && isStandard(record) && record->getIdentifier() &&
         record->getName() == "enable_shared_from_this";
}

bool isTakenApart(const CXXRecordDecl* record) {
  if (record->isUnion() || record->getNumVBases() || keepsInvariant(record))
    return false;
  return llvm::all_of(
             record->bases(),
             [](const CXXBaseSpecifier& base) { return base.getAccessSpecifier() == AS_public; }) &&
         llvm::all_of(record->fields(), [](const FieldDecl* field) {
           return field->getAccess() == AS_public || field->isUnnamedBitField();
         });
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

TemplateArgumentLoc typeArgument(Sema& sema, QualType type, SourceLocation at) {
  return sema.getTrivialTemplateArgumentLoc(TemplateArgument(type), QualType(), at);
}

TemplateArgumentLoc numberArgument(Sema& sema, uint64_t value, QualType type, SourceLocation at) {
  llvm::APSInt number(llvm::APInt(sema.Context.getTypeSize(type), value), /*isUnsigned=*/true);
  return sema.getTrivialTemplateArgumentLoc(TemplateArgument(sema.Context, number, type), type, at);
}

QualType Reflector::shaped(ClassTemplateSpecializationDecl* reflect, StringRef name,
                           TemplateArgumentListInfo& arguments) {
  ClassTemplateDecl*& found = vocabulary_[name];
  if (!found)
    found = findTemplate(sema_, reflect, name);
  return found ? sema_.CheckTemplateIdType(TemplateName(found), reflect->getLocation(), arguments)
               : QualType();
}

void Reflector::addField(Listed& to, QualType type, uint64_t offset, unsigned flags) {
  SourceLocation at = to.of->getLocation();
  TemplateArgumentListInfo arguments(at, at);
  arguments.addArgument(typeArgument(sema_, type, at));
  arguments.addArgument(numberArgument(sema_, offset, context_.getSizeType(), at));
  arguments.addArgument(numberArgument(sema_, flags, context_.UnsignedIntTy, at));
  to.items.addArgument(typeArgument(sema_, shaped(to.of, "Field", arguments), at));
}

/// One field for the bit-fields from `first` to before the next other field, which is returned.
RecordDecl::field_iterator Reflector::addBitFields(Listed& to, const CXXRecordDecl* record,
                                                   RecordDecl::field_iterator first) {
  llvm::BitVector used(context_.toBits(context_.getASTRecordLayout(record).getSize()));
  while (first != record->field_end() && first->isBitField())
    markUsed(context_, **first++, 0, used);
  int begin = used.find_first() / 8;
  if (used.none())
    return first;
  SourceLocation at = to.of->getLocation();
  TemplateArgumentListInfo masks(at, at);
  for (int byte = begin; byte <= used.find_last() / 8; ++byte)
    masks.addArgument(numberArgument(sema_, maskOf(used, byte), context_.UnsignedCharTy, at));
  addField(to, shaped(to.of, "BitFields", masks), begin, 0);
  return first;
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
  return record->isLambda() || isTakenApart(record) ? record : nullptr;
}

/// Fields<Field<...>, ...>; null if that could not be made.
QualType Reflector::fieldList(ClassTemplateSpecializationDecl* reflect,
                              const CXXRecordDecl* record) {
  Listed fields{reflect, TemplateArgumentListInfo(reflect->getLocation(), reflect->getLocation())};
  const ASTRecordLayout& layout = context_.getASTRecordLayout(record);
  for (const CXXBaseSpecifier& base : record->bases()) {
    auto* baseRecord = base.getType()->getAsCXXRecordDecl();
    if (!baseRecord->isEmpty() && !isSelfReference(base.getType()))
      addField(fields, base.getType().getCanonicalType(),
               layout.getBaseClassOffset(baseRecord).getQuantity(), fieldBase);
  }
  bool closure = record->isLambda();
  auto capture = closure ? record->captures_begin() : CXXRecordDecl::capture_const_iterator();
  for (auto field = record->field_begin(); field != record->field_end();) {
    if (field->isBitField()) {
      field = addBitFields(fields, record, field);
      continue;
    }
    unsigned flags = field->isMutable() ? fieldMutable : 0;
    if (closure)
      flags |= captureFlags(*capture++);
    QualType fieldOf = field->getType();
    if (fieldOf->isReferenceType()) { // laid out as a pointer
      flags |= fieldReference;
      fieldOf = context_.getPointerType(fieldOf.getNonReferenceType());
    }
    addField(fields, fieldOf.getCanonicalType(), layout.getFieldOffset(field->getFieldIndex()) / 8,
             flags);
    ++field;
  }
  return shaped(reflect, "Fields", fields.items);
}

/// Gaps<Gap<...>, ...>; null if there are none.
QualType Reflector::gapList(ClassTemplateSpecializationDecl* reflect) {
  QualType type = reflect->getTemplateArgs()[0].getAsType();
  auto* record = type->getAsCXXRecordDecl();
  record = record ? record->getDefinition() : nullptr;
  if (!record || record->isInvalidDecl() || record->isDependentType() || record->isUnion() ||
      record->isEmpty() || !record->isTriviallyCopyable())
    return {};
  llvm::BitVector used(context_.getTypeSize(type));
  markUsed(context_, type, 0, used);
  if (used.all())
    return {};
  SourceLocation at = reflect->getLocation();
  TemplateArgumentListInfo gaps(at, at);
  for (unsigned byte = 0; byte < used.size() / 8; ++byte) {
    if (maskOf(used, byte) == 0xFF)
      continue;
    TemplateArgumentListInfo gap(at, at);
    gap.addArgument(numberArgument(sema_, byte, context_.getSizeType(), at));
    gap.addArgument(numberArgument(sema_, maskOf(used, byte), context_.UnsignedCharTy, at));
    gaps.addArgument(typeArgument(sema_, shaped(reflect, "Gap", gap), at));
  }
  return shaped(reflect, "Gaps", gaps);
}

void Reflector::addFields(ClassTemplateSpecializationDecl* reflect) {
  if (reflect->isDependentContext())
    return;
  const CXXRecordDecl* record = reflectable(reflect);
  if (!record) {
    if (QualType gaps = gapList(reflect); !gaps.isNull())
      addPublicAlias(context_, reflect, "gaps", gaps);
    return;
  }
  QualType list = fieldList(reflect, record);
  if (list.isNull())
    return;
  addPublicAlias(context_, reflect, "type", list);
  if (record->isLambda())
    addPublicAlias(context_, reflect, "closure", reflect->getTemplateArgs()[0].getAsType());
  else if (record->isPolymorphic() ||
           llvm::any_of(record->bases(), [](const CXXBaseSpecifier& base) {
             return isSelfReference(base.getType());
           }))
    addPublicAlias(context_, reflect, "polymorphic", reflect->getTemplateArgs()[0].getAsType());
}

void Reflector::addConstant(ClassTemplateSpecializationDecl* shippable, StringRef name,
                            bool value) {
  SourceLocation at = shippable->getLocation();
  QualType type = context_.BoolTy.withConst();
  auto* verdict = VarDecl::Create(context_, shippable, at, at, &context_.Idents.get(name), type,
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
