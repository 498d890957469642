// Refuses variables of the program that an entry would take along without their meaning.
#pragma once
#include "plugin/initialisers.h"
#include "plugin/reach.h"
#include "plugin/report.h"
#include "plugin/slicer.h"
#include "llvm/ADT/StringSet.h"

namespace roam::plugin {

/// A variable of namespace scope, or a static member, is a copy in each process: a mutable one has
/// another value there, and so has an object with `mutable` members. That is an error, also if only
/// the initialiser of another variable uses it. Constants are fine, also those that are built when
/// the program starts: their initialisers travel. So are static variables inside functions, and
/// what the system's headers merely declare, like std::cout. But a static variable of a function
/// that stays here, which a lambda in that function names, is an error, too.
class StateCheck {
 public:
  StateCheck(clang::ASTContext& ast, clang::DiagnosticsEngine& diagnostics, SlicedModule& sliced,
             const Initialisers& initialisers)
      : ast_(ast), report_(diagnostics), sliced_(sliced), initialisers_(initialisers) {}

  /// Reports each suspect that is in a slice. `inSlices` holds the variables of all slices, by
  /// their mangled names.
  void check(const Reach& reach,
             const llvm::MapVector<const clang::VarDecl*, ReachedFrom>& leftBehind,
             const llvm::StringSet<>& inSlices);

  enum class Fault { none, mutableState, perThread, lost, notBound };
  /// What is wrong with a variable, if code that travels has it.
  Fault faultOf(const clang::VarDecl* variable) const;

 private:
  void report(const clang::VarDecl* variable, Fault fault, const Reach& reach, ReachedFrom from);
  void reportStatic(const clang::VarDecl* variable, const Reach& reach, ReachedFrom from);
  void noteWay(const Reach& reach, ReachedFrom from);
  /// False if the way ends here.
  bool noteStep(const Reach& reach, ReachedFrom& from);

  clang::ASTContext& ast_;
  Report report_;
  SlicedModule& sliced_;
  const Initialisers& initialisers_;
};

} // namespace roam::plugin
