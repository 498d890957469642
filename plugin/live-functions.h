// Functions marked [[roam::live("name")]]: each becomes an entry, as if the program had sent it.
#pragma once
#include "plugin/entries.h"
#include "plugin/report.h"
#include "clang/AST/DeclGroup.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/StringMap.h"
#include <string>

namespace roam::plugin {

/// Makes Sema instantiate the entries of marked functions, or says why one can have none. What they
/// are is in the AST alone (Code<LiveShape<LiveFunction<&f>, ...>>), so that those of a precompiled
/// header are found like others. One a translation unit.
class LiveFunctions {
 public:
  explicit LiveFunctions(clang::Sema& sema) : sema_(sema), report_(sema.Diags) {}

  /// At the end of a top-level declaration, before the host's code generation sees it.
  void addThoseOf(clang::DeclGroupRef group);

 private:
  void visit(clang::Decl* decl);
  void add(clang::FunctionDecl* function);
  bool canBeCalled(const clang::FunctionDecl* function, clang::SourceLocation at);
  bool isNamedOnce(const clang::FunctionDecl* function, llvm::StringRef name);
  void makeEntry(clang::FunctionDecl* function, clang::SourceLocation at);

  clang::Sema& sema_;
  Report report_;
  llvm::SmallPtrSet<const clang::FunctionDecl*, 8> seen_; ///< canonical declarations
  llvm::StringMap<const clang::FunctionDecl*> named_;
  bool toldOfHeaders_ = false;
};

/// The function behind an entry that stands for a marked one; null for other entries.
const clang::FunctionDecl* liveFunctionOf(clang::ASTContext& ast, const Entry& entry);

/// The text of roam::detail::nameOfSignature for that function, from the same declaration.
std::string signatureOf(clang::ASTContext& ast, const Entry& entry);

} // namespace roam::plugin
