// From a type that hides others to the types it may hide in this file.
#include "plugin/held.h"
#include "plugin/reflect.h"
#include "plugin/user-code.h"
#include "clang/AST/CXXInheritance.h"
#include "clang/Sema/EnterExpressionEvaluationContext.h"

using namespace clang;

namespace roam::plugin {
namespace {

/// The classes of the file that may be behind `holder`: derived ones, or lambdas that are converted
/// to it somewhere.
class Finder : public UserCodeVisitor<Finder> {
 public:
  llvm::SetVector<CXXRecordDecl*> found;

  Finder(ASTContext& ast, QualType holder)
      : UserCodeVisitor(ast), holder_(holder), base_(holder->getAsCXXRecordDecl()) {}

  bool VisitCXXRecordDecl(CXXRecordDecl* record) {
    if (base_ && record->isThisDeclarationADefinition() && !record->isDependentContext() &&
        !record->isInvalidDecl() && !record->isAbstract() && isPubliclyDerived(record))
      found.insert(record);
    return true;
  }
  bool VisitLambdaExpr(LambdaExpr* expr) {
    CXXRecordDecl* lambda = expr->getLambdaClass();
    if (base_ || lambda->isDependentContext() || lambda->isGenericLambda() ||
        !lambda->lambdaIsDefaultConstructibleAndAssignable())
      return true;
    for (NamedDecl* member : lambda->getVisibleConversionFunctions())
      if (auto* conversion = dyn_cast<CXXConversionDecl>(member);
          conversion && conversion->isUsed() &&
          conversion->getConversionType()->isFunctionPointerType() &&
          pointee(conversion->getConversionType()) == pointee(holder_))
        found.insert(lambda);
    return true;
  }

 private:
  /// Without noexcept, which a conversion may have lost.
  QualType pointee(QualType pointer) const {
    return ast_.getCanonicalType(
        ast_.getFunctionTypeWithExceptionSpec(pointer->getPointeeType(), EST_None));
  }
  bool isPubliclyDerived(const CXXRecordDecl* record) const {
    CXXBasePaths paths(/*FindAmbiguities=*/true, /*RecordPaths=*/true, /*DetectVirtual=*/false);
    QualType base = ast_.getCanonicalType(holder_);
    return record->isDerivedFrom(base_, paths) &&
           !paths.isAmbiguous(CanQualType::CreateUnsafe(base)) &&
           llvm::all_of(paths, [](const CXXBasePath& path) { return path.Access == AS_public; });
  }

  QualType holder_;
  const CXXRecordDecl* base_; ///< null if `holder` is a function pointer
};

/// The Signature of std::function<Signature>; null if `type` is none.
QualType signatureOf(QualType type) {
  auto* shaped = dyn_cast_or_null<ClassTemplateSpecializationDecl>(type->getAsCXXRecordDecl());
  if (!shaped || !isStandard(shaped) || shaped->getName() != "function")
    return {};
  return shaped->getTemplateArgs()[0].getAsType().getCanonicalType();
}

VarDecl* itemOf(CXXRecordDecl* held) {
  for (Decl* member : held->decls())
    if (auto* variable = dyn_cast<VarDecl>(member); variable && variable->getName() == "item")
      return variable;
  return nullptr;
}

} // namespace

void HeldTypes::holder(const FunctionDecl* function, SourceLocation use) {
  auto* arguments = function->getTemplateSpecializationArgs();
  if (!arguments || function->isDependentContext())
    return;
  QualType holder = arguments->get(0).getAsType().getCanonicalType();
  QualType signature = signatureOf(holder);
  if (signature.isNull()) {
    Finder finder(sema_.Context, holder);
    finder.TraverseAST(sema_.Context);
    for (CXXRecordDecl* record : finder.found)
      add(holder, sema_.Context.getRecordType(record), use);
    return;
  }
  if (!functions_.try_emplace(signature, holder).second)
    return;
  for (NamedDecl* found :
       sema_.getStdNamespace()->lookup(&sema_.Context.Idents.get("_Function_handler")))
    if (auto* handler = dyn_cast<ClassTemplateDecl>(found)) {
      SmallVector<ClassTemplateSpecializationDecl*, 16> stored(handler->specializations());
      for (ClassTemplateSpecializationDecl* one : stored)
        this->stored(one, use);
    }
}

void HeldTypes::stored(ClassTemplateSpecializationDecl* handler, SourceLocation use) {
  auto arguments = handler->getTemplateArgs().asArray();
  if (functions_.empty() || arguments.size() != 2 || !handler->isCompleteDefinition() ||
      handler->isDependentContext())
    return;
  auto known = functions_.find(arguments[0].getAsType().getCanonicalType());
  if (known != functions_.end())
    add(known->second, arguments[1].getAsType().getCanonicalType(), use);
}

void HeldTypes::add(QualType holder, QualType type, SourceLocation use) {
  auto* held = findInRoam<ClassTemplateDecl>(sema_.Context, "Held");
  if (!held || search_.find(type))
    return;
  SourceLocation at = held->getLocation();
  TemplateArgumentListInfo arguments(at, at);
  arguments.addArgument(typeArgument(sema_, holder, at));
  arguments.addArgument(typeArgument(sema_, type, at));
  QualType made = sema_.CheckTemplateIdType(TemplateName(held), at, arguments);
  if (made.isNull() || !sema_.isCompleteType(at, made))
    return;
  EnterExpressionEvaluationContext evaluated(
      sema_, Sema::ExpressionEvaluationContext::PotentiallyEvaluated);
  if (use.isInvalid())
    use = at;
  auto* record = made->getAsCXXRecordDecl();
  if (VarDecl* item = itemOf(record))
    sema_.MarkVariableReferenced(use, item);
  if (CXXMethodDecl* code = methodOf(record, "code"))
    sema_.MarkFunctionReferenced(use, code);
}

void HeldTypes::number(ClassTemplateSpecializationDecl* held) {
  if (held->isDependentContext())
    return;
  if (!next_) {
    auto before = all(); // of a precompiled header
    next_ = before.empty() ? 0 : before.back().number + 1;
  }
  addNumber(sema_, held, (*next_)++);
}

std::vector<HeldCode> HeldTypes::all() {
  std::vector<HeldCode> all;
  auto* held = findInRoam<ClassTemplateDecl>(sema_.Context, "Held");
  if (!held)
    return all;
  for (ClassTemplateSpecializationDecl* shaped : held->specializations()) {
    auto number = numberOf(sema_.Context, shaped);
    CXXMethodDecl* code = methodOf(shaped, "code");
    if (number && code && code->hasBody())
      all.push_back({code, *number});
  }
  llvm::sort(all, [](const HeldCode& a, const HeldCode& b) { return a.number < b.number; });
  return all;
}

} // namespace roam::plugin
