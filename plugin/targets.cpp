// Walks over the file in search of &f.
#include "plugin/targets.h"
#include "plugin/reflect.h"
#include "plugin/user-code.h"

using namespace clang;

namespace roam::plugin {
namespace {

/// Without noexcept, which changes no code.
QualType plainType(const ASTContext& ast, QualType function) {
  return ast.getCanonicalType(ast.getFunctionTypeWithExceptionSpec(function, EST_None));
}

/// Of a member function together with its class.
using PointedType = std::pair<const Type*, const Type*>;

PointedType pointedType(const ASTContext& ast, QualType pointer) {
  auto* member = pointer->getAs<MemberPointerType>();
  QualType of = member ? ast.getCanonicalType(QualType(member->getClass(), 0)) : QualType();
  return {plainType(ast, pointer->getPointeeType()).getTypePtr(), of.getTypePtrOrNull()};
}

PointedType pointedType(const ASTContext& ast, const FunctionDecl* function) {
  auto* method = dyn_cast<CXXMethodDecl>(function);
  QualType of = method && !method->isStatic()
                    ? ast.getCanonicalType(ast.getRecordType(method->getParent()))
                    : QualType();
  return {plainType(ast, function->getType()).getTypePtr(), of.getTypePtrOrNull()};
}

class Finder : public UserCodeVisitor<Finder> {
 public:
  llvm::SetVector<const FunctionDecl*> found;

  explicit Finder(ASTContext& ast) : UserCodeVisitor(ast) {
    if (auto* pointed = findInRoam<ClassTemplateDecl>(ast, "PointedTo"))
      for (ClassTemplateSpecializationDecl* shaped : pointed->specializations())
        if (QualType type = shaped->getTemplateArgs()[0].getAsType(); !type->isDependentType())
          want(pointedType(ast, type));
  }
  bool isNeeded() const { return !types_.empty(); }

  /// A function that is called is not pointed to.
  bool TraverseCallExpr(CallExpr* call) {
    for (Expr* argument : call->arguments())
      TraverseStmt(argument);
    return call->getDirectCallee() != nullptr || TraverseStmt(call->getCallee());
  }
  bool VisitDeclRefExpr(DeclRefExpr* expr) {
    auto* function = dyn_cast<FunctionDecl>(expr->getDecl());
    auto* method = dyn_cast_or_null<CXXMethodDecl>(function);
    if (function && !function->isDependentContext() && !(method && method->isVirtual()) &&
        types_.contains(pointedType(ast_, function)))
      found.insert(function->getDefinition() ? function->getDefinition() : function);
    return true;
  }

 private:
  /// A pointer to a member of a class may have been one to a member of a base.
  void want(PointedType type) {
    types_.insert(type);
    auto* record = type.second ? type.second->getAsCXXRecordDecl() : nullptr;
    if (!record || !record->hasDefinition())
      return;
    for (const CXXBaseSpecifier& base : record->bases())
      want({type.first, ast_.getCanonicalType(base.getType()).getTypePtr()});
  }

  llvm::DenseSet<PointedType> types_;
};

} // namespace

llvm::SetVector<const FunctionDecl*> functionsPointedTo(ASTContext& ast) {
  Finder finder(ast);
  if (finder.isNeeded())
    finder.TraverseAST(ast);
  return std::move(finder.found);
}

} // namespace roam::plugin
