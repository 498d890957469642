// A walk over what the user wrote: instances of templates, too, but nothing of system headers.
#pragma once
#include "clang/AST/ASTContext.h"
#include "clang/AST/RecursiveASTVisitor.h"
#include "clang/Basic/SourceManager.h"

namespace roam::plugin {

/// Base of the visitor `Walk`. Reads the whole file: for those that need it only.
template <class Walk>
class UserCodeVisitor : public clang::RecursiveASTVisitor<Walk> {
  using Base = clang::RecursiveASTVisitor<Walk>;

 public:
  bool shouldVisitTemplateInstantiations() const { return true; }
  bool TraverseTypeLoc(clang::TypeLoc) { return true; }
  bool TraverseDecl(clang::Decl* decl) {
    bool ofSystem = decl && !llvm::isa<clang::TranslationUnitDecl>(decl) &&
                    ast_.getSourceManager().isInSystemHeader(decl->getLocation());
    return ofSystem || Base::TraverseDecl(decl);
  }

 protected:
  explicit UserCodeVisitor(clang::ASTContext& ast) : ast_(ast) {}

  clang::ASTContext& ast_;
};

} // namespace roam::plugin
