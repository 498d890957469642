// Which definitions of the translation unit can run when an entry runs? An over-approximation on
// the AST, so that the second code generation is given little. What it misses the slicer finds in
// the emitted module, and adds.
#pragma once
#include "clang/AST/RecursiveASTVisitor.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace roam::plugin {

/// From where something was reached first: a function's body, or a variable's initialiser, which
/// also runs on the peer. Both null: an entry itself.
struct ReachedFrom {
  const clang::FunctionDecl* function = nullptr;
  const clang::VarDecl* variable = nullptr;
  clang::SourceLocation at; ///< may be invalid (implicit code)
};

class Reach : public clang::RecursiveASTVisitor<Reach> {
  using Base = clang::RecursiveASTVisitor<Reach>;

 public:
  /// Definitions, in the order they were reached.
  llvm::MapVector<const clang::FunctionDecl*, ReachedFrom> functions;
  /// Functions of the C library whose bodies in headers are not followed: slices call the library.
  llvm::SetVector<const clang::FunctionDecl*> libraryBodies;
  /// Variables of namespace scope and static members; the definition if this translation unit has
  /// one. Static variables inside functions come with their functions.
  llvm::MapVector<const clang::VarDecl*, ReachedFrom> variables;
  /// Static variables inside functions that were named outside their function, as a lambda names
  /// those of the function around it. See staticsLeftBehind.
  llvm::MapVector<const clang::VarDecl*, ReachedFrom> namedFromOutside;

  void addFunction(const clang::FunctionDecl* function, clang::SourceLocation at = {});
  void addVariable(const clang::VarDecl* variable, clang::SourceLocation at = {});
  void addVirtualFunctions(const clang::CXXRecordDecl* record);
  /// Follows what was added until nothing new is found.
  void follow();
  /// Those of `namedFromOutside` whose function no entry reaches: they have a value here that
  /// nobody would set there. Call after the first follow(): code generation adds such functions
  /// later.
  llvm::MapVector<const clang::VarDecl*, ReachedFrom> staticsLeftBehind() const;

  // The visitor's own interface.
  bool shouldVisitImplicitCode() const { return true; }
  bool shouldVisitTemplateInstantiations() const { return true; }
  bool TraverseDecl(clang::Decl* decl);
  bool TraverseTypeLoc(clang::TypeLoc) { return true; }
  bool TraverseUnaryExprOrTypeTraitExpr(clang::UnaryExprOrTypeTraitExpr*) { return true; }
  bool TraverseCXXNoexceptExpr(clang::CXXNoexceptExpr*) { return true; }
  bool TraverseLambdaExpr(clang::LambdaExpr* lambda);
  bool VisitDeclRefExpr(clang::DeclRefExpr* expr);
  bool VisitMemberExpr(clang::MemberExpr* expr);
  bool VisitCXXConstructExpr(clang::CXXConstructExpr* expr);
  bool VisitCXXInheritedCtorInitExpr(clang::CXXInheritedCtorInitExpr* expr);
  bool VisitCXXBindTemporaryExpr(clang::CXXBindTemporaryExpr* expr);
  bool VisitInitListExpr(clang::InitListExpr* expr);
  bool VisitCXXNewExpr(clang::CXXNewExpr* expr);
  bool VisitCXXDeleteExpr(clang::CXXDeleteExpr* expr);
  bool VisitCXXDefaultArgExpr(clang::CXXDefaultArgExpr* expr);
  bool VisitCXXDefaultInitExpr(clang::CXXDefaultInitExpr* expr);
  bool VisitDecompositionDecl(clang::DecompositionDecl* bindings);
  bool VisitVarDecl(clang::VarDecl* variable);

 private:
  void addDestructor(clang::QualType type, clang::SourceLocation at);
  void addParts(const clang::CXXRecordDecl* record);
  void followBody(const clang::FunctionDecl* function);
  void followInitialiser(const clang::VarDecl* variable);
  ReachedFrom here(clang::SourceLocation at) const { return {function_, variable_, at}; }

  const clang::FunctionDecl* function_ = nullptr; ///< whose body is followed now
  const clang::VarDecl* variable_ = nullptr;      ///< whose initialiser is followed now
  size_t followedFunctions_ = 0, followedVariables_ = 0;
};

} // namespace roam::plugin
