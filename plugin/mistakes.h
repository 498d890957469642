// What is wrong with a call that can't be made, said at the call.
#pragma once
#include "plugin/report.h"
#include "clang/AST/DeclTemplate.h"
#include "clang/Sema/Sema.h"

namespace roam::plugin {

/// Reports roam::Mistaken<M, T...>, which the headers instantiate where they can't go on: they
/// can't point into the program, and a static_assert of theirs comes with errors that follow from
/// it. One a translation unit.
class Mistakes {
 public:
  explicit Mistakes(clang::Sema& sema) : sema_(sema), report_(sema.Diags) {}

  /// `mistaken` is just completed; the error is at the place in the program that led to `use`, or
  /// at the parameter of a lambda that is to blame.
  void report(const clang::ClassTemplateSpecializationDecl* mistaken, clang::SourceLocation use);

 private:
  void cannotBeCalled(clang::SourceLocation use, clang::QualType function,
                      llvm::ArrayRef<clang::TemplateArgument> arguments);
  void changesItsArgument(clang::SourceLocation use, clang::QualType function,
                          llvm::ArrayRef<clang::TemplateArgument> arguments);
  void returnsNothing(clang::SourceLocation use, clang::QualType function);
  void cannotReduce(clang::SourceLocation use, clang::QualType function, clang::QualType needed,
                    clang::QualType given);

  clang::Sema& sema_;
  Report report_;
};

} // namespace roam::plugin
