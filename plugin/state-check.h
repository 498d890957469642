// Refuses variables of the program that an entry would take along without their meaning.
#pragma once
#include "plugin/reach.h"
#include "plugin/report.h"
#include "llvm/ADT/StringSet.h"
#include <functional>

namespace roam::plugin {

/// A variable of namespace scope, or a static member, is a copy in each process: a mutable one has
/// another value there, one that is initialised when the program starts is all zeros there, since a
/// slice has no start-up. Both are errors. Constants and static variables inside functions are
/// fine, and so is what the system's headers merely declare, like std::cout. But a static variable
/// of a function that stays here, which a lambda in that function names, is an error, too.
class StateCheck {
 public:
  StateCheck(clang::ASTContext& ast, clang::DiagnosticsEngine& diagnostics)
      : ast_(ast), report_(diagnostics) {}

  /// Reports each suspect of `reach` and `leftBehind` that is in a slice, by its mangled name.
  /// `inSlices` holds the variables of all slices. True if there was none.
  bool check(const Reach& reach,
             const llvm::MapVector<const clang::VarDecl*, ReachedFrom>& leftBehind,
             const llvm::StringSet<>& inSlices,
             llvm::function_ref<std::string(const clang::VarDecl*)> mangledName);

  enum class Fault { none, mutableState, startUp };
  /// What is wrong with a variable, if code that travels has it.
  Fault faultOf(const clang::VarDecl* variable) const;

 private:
  void report(const clang::VarDecl* variable, Fault fault, const Reach& reach, ReachedFrom from);
  void noteWay(const Reach& reach, ReachedFrom from);

  clang::ASTContext& ast_;
  Report report_;
};

} // namespace roam::plugin
