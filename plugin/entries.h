// The entries of a translation unit: each instantiation of roam::Code<Shape> gets a number, and its
// function is compiled.
#pragma once
#include "clang/AST/DeclTemplate.h"
#include "clang/Sema/Sema.h"
#include <vector>

namespace roam::plugin {

/// One entry: what roamRecord(number) stands for.
struct Entry {
  clang::CXXMethodDecl* function; ///< roam::Code<Shape>::entry
  unsigned number;
  clang::QualType shape;
};

/// The N of `using id = Index<N>`, if that was added.
std::optional<unsigned> numberOf(clang::ASTContext& context,
                                 clang::ClassTemplateSpecializationDecl* numbered);

/// Adds `using id = Index<number>`.
void addNumber(clang::Sema& sema, clang::ClassTemplateSpecializationDecl* to, unsigned number);

/// The record's own member function of that name; null if there is none.
clang::CXXMethodDecl* methodOf(clang::CXXRecordDecl* record, llvm::StringRef name);

/// Numbers entries, and finds them again. The numbers live in the AST only (Code<Shape>::id), so
/// that entries of a precompiled header keep theirs. One a translation unit.
class Entries {
 public:
  explicit Entries(clang::Sema& sema) : sema_(sema) {}

  /// `code` is roam::Code<Shape>, just completed at `use`: adds `using id = Index<N>` and asks Sema
  /// for the body of `entry`. The program's own code generation leaves that body out unless the
  /// program takes its address.
  void number(clang::ClassTemplateSpecializationDecl* code, clang::SourceLocation use);

  /// Every numbered entry, also those of a precompiled header, by number. Costs nothing if
  /// <roam/reflect.h> was not included.
  std::vector<Entry> all();

 private:
  clang::Sema& sema_;
  std::optional<unsigned> next_; ///< empty until the first entry of this translation unit
};

} // namespace roam::plugin
