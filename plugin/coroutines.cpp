// The return statements of coroutines.
#include "plugin/coroutines.h"
#include "clang/AST/DeclCXX.h"
#include "clang/AST/StmtCXX.h"

using namespace clang;

namespace roam::plugin {

void CoroutineReturns::remember(DeclGroupRef group) {
  for (const Decl* decl : group)
    remember(decl);
}

void CoroutineReturns::remember(const Decl* decl) {
  if (auto* space = dyn_cast<DeclContext>(decl);
      isa<NamespaceDecl>(decl) || isa<LinkageSpecDecl>(decl) || isa<ExportDecl>(decl)) {
    for (const Decl* inner : space->noload_decls())
      remember(inner);
    return;
  }
  auto* function = dyn_cast<FunctionDecl>(decl);
  if (!function || !function->doesThisDeclarationHaveABody())
    return;
  auto* body = dyn_cast_or_null<CoroutineBodyStmt>(function->getBody());
  auto* statement = body ? dyn_cast_or_null<ReturnStmt>(body->getReturnStmt()) : nullptr;
  if (statement && statement->getRetValue())
    values_.push_back({statement, statement->getRetValue()});
}

void CoroutineReturns::restore() const {
  for (auto [statement, value] : values_)
    statement->setRetValue(value);
}

} // namespace roam::plugin
