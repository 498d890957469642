// The check of variables. The walk over the AST tells where a variable is used and how the entry
// got there; the finished slice tells that it truly is. Example:
//
//     error: 'hits' is a variable of this program; code that runs on other machines finds ...
//     note: 'hits' is declared here; make it const or constexpr, or capture its value, or ...
//     note: 'count' is used here
//     note: in this lambda
#include "plugin/state-check.h"
#include "plugin/place-of-use.h"
#include "plugin/reflect.h"
#include "clang/Basic/SourceManager.h"

using namespace clang;

namespace roam::plugin {
namespace {

bool hasMutableState(const VarDecl* variable, ASTContext& ast) {
  QualType type = ast.getBaseElementType(variable->getType().getNonReferenceType());
  auto* record = type->getAsCXXRecordDecl();
  return !type.isConstQualified() ||
         (record && record->hasDefinition() && record->hasMutableFields());
}

} // namespace

StateCheck::Fault StateCheck::faultOf(const VarDecl* variable) const {
  bool ofSystem = ast_.getSourceManager().isInSystemHeader(variable->getLocation());
  const VarDecl* definition = variable->getDefinition();
  if (!definition)
    return !ofSystem && hasMutableState(variable, ast_) ? Fault::mutableState : Fault::none;
  if (definition->isConstexpr())
    return Fault::none;
  // Other libraries' headers may be system headers, too, for their warnings' sake.
  if (!(ofSystem && isStandard(definition)) && hasMutableState(definition, ast_))
    return Fault::mutableState;
  const VarDecl* initialised = nullptr;
  bool constant = !definition->getAnyInitializer(initialised) ||
                  initialised->hasConstantInitialization() || initialised->evaluateValue();
  return constant ? Fault::none : Fault::startUp;
}

bool StateCheck::check(const Reach& reach,
                       const llvm::MapVector<const VarDecl*, ReachedFrom>& leftBehind,
                       const llvm::StringSet<>& inSlices,
                       llvm::function_ref<std::string(const VarDecl*)> mangledName) {
  bool fine = true;
  for (auto* suspects : {&reach.variables, &leftBehind})
    for (auto& [variable, from] : *suspects) {
      Fault fault = faultOf(variable);
      if (fault == Fault::none || !inSlices.contains(mangledName(variable)))
        continue;
      report(variable, fault, reach, from);
      fine = false;
    }
  return fine;
}

void StateCheck::report(const VarDecl* variable, Fault fault, const Reach& reach,
                        ReachedFrom from) {
  SourceLocation use = from.at.isValid() ? from.at : variable->getLocation();
  std::string name = variable->getQualifiedNameAsString();
  if (variable->isStaticLocal()) {
    report_.error(use, "'%0' is a static variable of a function that stays here; code that runs on "
                       "other machines does not find the value it has here")
        << name;
    report_.note(variable->getLocation(),
                 "'%0' is declared here; make it constexpr, or capture its value: "
                 "'[%0 = %0]', or make it a static variable inside the lambda if each machine may "
                 "have its own")
        << name;
  } else if (fault == Fault::mutableState) {
    report_.error(use, "'%0' is a variable of this program; code that runs on other machines "
                       "finds another one there")
        << name;
    report_.note(variable->getLocation(),
                 "'%0' is declared here; make it const or constexpr, or capture its value, or "
                 "make it a static variable inside the function if each machine may have its own")
        << name;
  } else {
    report_.error(use, "'%0' is initialised when this program starts; code that runs on other "
                       "machines finds it empty there")
        << name;
    report_.note(variable->getLocation(),
                 "'%0' is declared here; make it constexpr, or capture it, or make it a static "
                 "variable inside the function, which is initialised at its first use")
        << name;
  }
  noteWay(reach, from);
}

/// How the entry got here: calls in the user's own code.
void StateCheck::noteWay(const Reach& reach, ReachedFrom from) {
  const SourceManager& sources = ast_.getSourceManager();
  for (const FunctionDecl* function = from.function; function;) {
    auto at = reach.functions.find(function);
    if (at == reach.functions.end() || isInRoam(function))
      return;
    auto* method = dyn_cast<CXXMethodDecl>(function);
    if (method && method->getParent()->isLambda())
      report_.note(method->getParent()->getLocation(), "in this lambda");
    else if (at->second.at.isValid() && !sources.isInSystemHeader(at->second.at))
      report_.note(at->second.at, "'%0' is used here") << function->getQualifiedNameAsString();
    function = at->second.function;
  }
}

} // namespace roam::plugin
