// Keeps the AST of coroutines whole over several code generations.
#pragma once
#include "clang/AST/DeclGroup.h"
#include "clang/AST/Expr.h"
#include "clang/AST/Stmt.h"
#include <vector>

namespace roam::plugin {

/// Clang 19 takes the value away from a coroutine's return statement when it generates code, and
/// crashes when it does so again. The host's code generation comes first for ordinary functions and
/// last for inline ones, so values are remembered as soon as a function is known, and put back
/// around the second code generation.
class CoroutineReturns {
 public:
  /// Looks into namespaces, not into classes: what is inline the host generates at the end.
  void remember(clang::DeclGroupRef group);
  void remember(const clang::Decl* decl);
  void restore() const;

 private:
  std::vector<std::pair<clang::ReturnStmt*, clang::Expr*>> values_;
};

} // namespace roam::plugin
