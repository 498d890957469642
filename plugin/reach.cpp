// The walk over function bodies. Constructors and destructors reach those of members and bases,
// polymorphic classes their virtual functions, since the vtable names them.
#include "plugin/reach.h"
#include "plugin/library-bodies.h"

using namespace clang;

namespace roam::plugin {
namespace {

/// The definition of the function that a static local variable is in.
const FunctionDecl* ownerOf(const VarDecl* variable) {
  auto* owner = dyn_cast_or_null<FunctionDecl>(variable->getParentFunctionOrMethod());
  const FunctionDecl* definition = nullptr;
  return owner && owner->hasBody(definition) ? definition : owner;
}

} // namespace

void Reach::addFunction(const FunctionDecl* function, SourceLocation at) {
  const FunctionDecl* definition = nullptr;
  if (!function->hasBody(definition) || definition->isDependentContext() ||
      definition->isInvalidDecl())
    return;
  if (isLibraryBody(definition))
    libraryBodies.insert(definition);
  else
    functions.insert({definition, here(at)});
}

void Reach::addVariable(const VarDecl* variable, SourceLocation at) {
  if (!variable->hasGlobalStorage())
    return;
  if (variable->isStaticLocal()) {
    if (ownerOf(variable) != function_ && namedFromOutside.insert({variable, here(at)}).second &&
        variable->getInit())
      TraverseStmt(const_cast<Expr*>(variable->getInit()));
    return;
  }
  const VarDecl* definition = variable->getDefinition();
  variables.insert({definition ? definition : variable->getCanonicalDecl(), here(at)});
}

void Reach::follow() {
  // Breadth first: the shortest way to everything.
  for (;;) {
    if (followedFunctions_ < functions.size()) {
      function_ = functions.begin()[followedFunctions_++].first;
      followBody(function_);
      function_ = nullptr;
    } else if (followedVariables_ < variables.size()) {
      variable_ = variables.begin()[followedVariables_++].first;
      followInitialiser(variable_);
      variable_ = nullptr;
    } else {
      return;
    }
  }
}

llvm::MapVector<const VarDecl*, ReachedFrom> Reach::staticsLeftBehind() const {
  llvm::MapVector<const VarDecl*, ReachedFrom> left;
  for (auto& [variable, from] : namedFromOutside)
    if (!functions.count(ownerOf(variable)))
      left.insert({variable, from});
  return left;
}

void Reach::followInitialiser(const VarDecl* variable) {
  if (!variable->isThisDeclarationADefinition())
    return;
  if (variable->getInit())
    TraverseStmt(const_cast<Expr*>(variable->getInit()));
  addDestructor(variable->getType(), variable->getLocation());
}

void Reach::followBody(const FunctionDecl* function) {
  TraverseStmt(function->getBody());
  if (auto* constructor = dyn_cast<CXXConstructorDecl>(function)) {
    addParts(constructor->getParent());
    for (const CXXCtorInitializer* initializer : constructor->inits())
      TraverseStmt(initializer->getInit());
  }
  if (auto* destructor = dyn_cast<CXXDestructorDecl>(function)) {
    addParts(destructor->getParent());
    if (auto* operatorDelete = destructor->getOperatorDelete())
      addFunction(operatorDelete);
  }
  // A captureless lambda turned into a function pointer.
  if (auto* conversion = dyn_cast<CXXConversionDecl>(function);
      conversion && conversion->getParent()->isLambda())
    if (auto* call = conversion->getParent()->getLambdaCallOperator();
        call && !call->isDependentContext())
      addFunction(call);
  for (const ParmVarDecl* parameter : function->parameters())
    addDestructor(parameter->getType(), parameter->getLocation());
}

void Reach::addDestructor(QualType type, SourceLocation at) {
  if (type.isNull())
    return;
  auto* record = type->getBaseElementTypeUnsafe()->getAsCXXRecordDecl();
  if (record && record->hasDefinition())
    if (auto* destructor = record->getDestructor())
      addFunction(destructor, at);
}

void Reach::addParts(const CXXRecordDecl* record) {
  for (const FieldDecl* field : record->fields())
    addDestructor(field->getType(), field->getLocation());
  for (const CXXBaseSpecifier& base : record->bases())
    addDestructor(base.getType(), base.getBeginLoc());
  if (record->isPolymorphic())
    addVirtualFunctions(record);
}

void Reach::addVirtualFunctions(const CXXRecordDecl* record) {
  for (const CXXMethodDecl* method : record->methods())
    if (method->isVirtual())
      addFunction(method, method->getLocation());
}

bool Reach::TraverseDecl(Decl* decl) {
  if (!decl || isa<FunctionDecl>(decl) || isa<TagDecl>(decl))
    return true; // only what runs
  return Base::TraverseDecl(decl);
}

bool Reach::TraverseLambdaExpr(LambdaExpr* lambda) {
  for (Expr* init : lambda->capture_inits())
    if (init)
      TraverseStmt(init);
  addDestructor(QualType(lambda->getLambdaClass()->getTypeForDecl(), 0), lambda->getBeginLoc());
  return true;
}

bool Reach::VisitDeclRefExpr(DeclRefExpr* expr) {
  if (auto* variable = dyn_cast<VarDecl>(expr->getDecl()))
    addVariable(variable, expr->getLocation());
  else if (auto* function = dyn_cast<FunctionDecl>(expr->getDecl()))
    addFunction(function, expr->getLocation());
  return true;
}

bool Reach::VisitMemberExpr(MemberExpr* expr) {
  if (auto* function = dyn_cast<FunctionDecl>(expr->getMemberDecl()))
    addFunction(function, expr->getMemberLoc());
  else if (auto* variable = dyn_cast<VarDecl>(expr->getMemberDecl()))
    addVariable(variable, expr->getMemberLoc());
  return true;
}

bool Reach::VisitCXXConstructExpr(CXXConstructExpr* expr) {
  addFunction(expr->getConstructor(), expr->getLocation());
  addDestructor(expr->getType(), expr->getLocation());
  return true;
}

bool Reach::VisitCXXInheritedCtorInitExpr(CXXInheritedCtorInitExpr* expr) {
  addFunction(expr->getConstructor(), expr->getLocation());
  return true;
}

bool Reach::VisitCXXBindTemporaryExpr(CXXBindTemporaryExpr* expr) {
  addDestructor(expr->getType(), expr->getBeginLoc());
  return true;
}

bool Reach::VisitInitListExpr(InitListExpr* expr) {
  addDestructor(expr->getType(), expr->getBeginLoc());
  return true;
}

bool Reach::VisitCXXNewExpr(CXXNewExpr* expr) {
  if (auto* function = expr->getOperatorNew())
    addFunction(function, expr->getBeginLoc());
  if (auto* function = expr->getOperatorDelete())
    addFunction(function, expr->getBeginLoc());
  return true;
}

bool Reach::VisitCXXDeleteExpr(CXXDeleteExpr* expr) {
  if (auto* function = expr->getOperatorDelete())
    addFunction(function, expr->getBeginLoc());
  addDestructor(expr->getDestroyedType(), expr->getBeginLoc());
  return true;
}

bool Reach::VisitCXXDefaultArgExpr(CXXDefaultArgExpr* expr) {
  return TraverseStmt(expr->getExpr());
}

bool Reach::VisitCXXDefaultInitExpr(CXXDefaultInitExpr* expr) {
  return TraverseStmt(expr->getExpr());
}

/// Of tuple-like objects: each name is a variable that a get() initialises.
bool Reach::VisitDecompositionDecl(DecompositionDecl* bindings) {
  for (const BindingDecl* binding : bindings->bindings())
    if (VarDecl* variable = binding->getHoldingVar())
      TraverseStmt(variable->getInit());
  return true;
}

bool Reach::VisitVarDecl(VarDecl* variable) {
  addDestructor(variable->getType(), variable->getLocation());
  return true;
}

} // namespace roam::plugin
