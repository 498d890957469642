// The check of variables. The walk over the AST tells where a variable is used and how the entry
// got there; the finished slice tells that it truly is. Example:
//
//     error: 'hits' is a variable of this program; code that runs on other machines finds ...
//     note: 'hits' is declared here; make it const or constexpr, or capture its value, or ...
//     note: 'count' is used here
//     note: in this lambda
#include "plugin/state-check.h"
#include "plugin/attributes.h"
#include "plugin/peer-locals.h"
#include "plugin/place-of-use.h"
#include "plugin/reflect.h"
#include "clang/Basic/SourceManager.h"
#include "llvm/ADT/SetVector.h"
#include <set>

using namespace clang;

namespace roam::plugin {
namespace {

/// A `mutable` member changes behind a const object's back. The standard library has some, too (an
/// unordered_map's next size), but promises that const is const.
bool hasMutableMembers(QualType type) {
  auto* record = type->getBaseElementTypeUnsafe()->getAsCXXRecordDecl();
  if (!record || !record->hasDefinition() || !record->hasMutableFields())
    return false;
  bool standard = isStandard(record);
  return llvm::any_of(record->fields(),
                      [&](const FieldDecl* field) {
                        return (field->isMutable() && !standard) ||
                               hasMutableMembers(field->getType());
                      }) ||
         llvm::any_of(record->bases(), [](const CXXBaseSpecifier& base) {
           return hasMutableMembers(base.getType());
         });
}

bool hasMutableState(const VarDecl* variable, ASTContext& ast) {
  QualType type = ast.getBaseElementType(variable->getType().getNonReferenceType());
  return !type.isConstQualified() || hasMutableMembers(type);
}

} // namespace

StateCheck::Fault StateCheck::faultOf(const VarDecl* variable) const {
  bool ofSystem = ast_.getSourceManager().isInSystemHeader(variable->getLocation());
  const VarDecl* definition = variable->getDefinition();
  if (isPeerLocal(variable)) // and was not taken out
    return Fault::notBound;
  if (!definition)
    return !ofSystem && hasMutableState(variable, ast_) ? Fault::mutableState : Fault::none;
  if (definition->isConstexpr())
    return Fault::none;
  // Other libraries' headers may be system headers, too, for their warnings' sake.
  if (!(ofSystem && isStandard(definition)) && hasMutableState(definition, ast_))
    return Fault::mutableState;
  if (definition->getTLSKind() != VarDecl::TLS_None && isBuiltByCode(definition))
    return Fault::perThread;
  return initialisers_.isLost(definition) ? Fault::lost : Fault::none;
}

void StateCheck::check(const Reach& reach,
                       const llvm::MapVector<const VarDecl*, ReachedFrom>& leftBehind,
                       const llvm::StringSet<>& inSlices) {
  std::set<std::string> names; // in an order of their own
  for (StringRef name : inSlices.keys())
    names.insert(name.str());
  llvm::SetVector<const VarDecl*> present;
  for (const std::string& name : names)
    if (const VarDecl* variable = sliced_.variableNamed(name))
      present.insert(variable);

  for (auto& [variable, from] : leftBehind)
    if (present.contains(variable) && (hasMutableState(variable, ast_) || isBuiltByCode(variable)))
      reportStatic(variable, reach, from);
  auto checkOne = [&](const VarDecl* variable, ReachedFrom from) {
    if (Fault fault = faultOf(variable); fault != Fault::none)
      report(variable, fault, reach, from);
  };
  for (auto& [variable, from] : reach.variables)
    if (present.remove(variable))
      checkOne(variable, from);
  for (const VarDecl* variable : present) // code generation found what the walk did not
    if (!variable->isStaticLocal() || isPeerLocal(variable))
      checkOne(variable, {});
}

void StateCheck::reportStatic(const VarDecl* variable, const Reach& reach, ReachedFrom from) {
  std::string name = variable->getQualifiedNameAsString();
  report_.error(from.at.isValid() ? from.at : variable->getLocation(),
                "'%0' is a static variable of a function that stays here; code that runs on other "
                "machines does not find the value it has here")
      << name;
  report_.note(variable->getLocation(),
               "'%0' is declared here; make it constexpr, or capture its value: '[%0 = %0]', or "
               "make it a static variable inside the lambda if each machine may have its own")
      << name;
  noteWay(reach, from);
}

void StateCheck::report(const VarDecl* variable, Fault fault, const Reach& reach,
                        ReachedFrom from) {
  SourceLocation use = from.at.isValid() ? from.at : variable->getLocation();
  std::string name = variable->getQualifiedNameAsString();
  if (fault == Fault::lost) {
    report_.error(variable->getLocation(),
                  "roam did not find the code that initialises '%0'; please report this as a bug "
                  "of roam")
        << name;
  } else if (fault == Fault::notBound) {
    report_.error(variable->getLocation(), "'%0' is peer-local, but it %1")
        << name << obstacleOfPeerLocal(variable, sliced_.mangledName(GlobalDecl(variable)));
  } else if (fault == Fault::mutableState) {
    report_.error(use, "'%0' is a variable of this program; code that runs on other machines "
                       "finds another one there")
        << name;
    report_.note(
        variable->getLocation(),
        "'%0' is declared here; make it const or constexpr, or capture its value, or "
        "make it a static variable inside the function if each machine may have its own, or "
        "mark it [[roam::peer_local]] if closures shall share one on each peer")
        << name;
  } else {
    report_.error(use, "'%0' is a thread_local variable of this program that is initialised by "
                       "code; threads on other machines do not run it")
        << name;
    report_.note(variable->getLocation(),
                 "'%0' is declared here; make it constexpr, or leave 'thread_local' away, or make "
                 "it a static thread_local variable inside the function")
        << name;
  }
  noteWay(reach, from);
}

/// How the entry got here: calls in the user's own code, and initialisers.
void StateCheck::noteWay(const Reach& reach, ReachedFrom from) {
  while (noteStep(reach, from))
    ;
}

bool StateCheck::noteStep(const Reach& reach, ReachedFrom& from) {
  const NamedDecl* user = from.variable;
  if (from.variable) {
    report_.note(from.variable->getLocation(),
                 "in what initialises '%0', which other machines run, too")
        << from.variable->getQualifiedNameAsString();
    from = reach.variables.lookup(from.variable);
  } else {
    auto at = reach.functions.find(from.function);
    if (at == reach.functions.end() || isInRoam(from.function))
      return false;
    user = from.function;
    from = at->second;
  }
  auto* method = dyn_cast<CXXMethodDecl>(user);
  if (method && method->getParent()->isLambda())
    report_.note(method->getParent()->getLocation(), "in this lambda");
  else if (from.at.isValid() && !ast_.getSourceManager().isInSystemHeader(from.at) &&
           !isInRoam(from.function))
    report_.note(from.at, "'%0' is used here") << user->getQualifiedNameAsString();
  return true;
}

} // namespace roam::plugin
