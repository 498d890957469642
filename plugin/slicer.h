// The second code generation: makes IR of what the entries reach, with options that do not depend
// on -O, -g or paths.
#pragma once
#include "plugin/coroutines.h"
#include "plugin/entries.h"
#include "plugin/exports.h"
#include "plugin/reach.h"
#include "clang/AST/GlobalDecl.h"
#include "clang/CodeGen/ModuleBuilder.h"
#include "clang/Frontend/CompilerInstance.h"
#include "clang/Frontend/TextDiagnosticBuffer.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include <memory>
#include <vector>

namespace roam::plugin {

/// The module of a second code generation. Owns its context; the AST must outlive it.
class SlicedModule {
 public:
  /// Emits every entry, every export and what `reach` holds. What the walk missed is added to
  /// `reach`; the AST is as before afterwards.
  static SlicedModule generate(clang::CompilerInstance& compiler, clang::ASTContext& ast,
                               llvm::ArrayRef<Entry> entries, const ExportedDefinitions& exports,
                               Reach& reach, CoroutineReturns& coroutines);

  /// Null if code generation failed: `errors` say why.
  llvm::Module* module() { return generator_->GetModule(); }
  /// What code generation reported, with places.
  llvm::iterator_range<clang::TextDiagnosticBuffer::const_iterator> errors() const;
  /// False if new definitions were missing each time that code was generated: a fault of ours.
  bool isComplete() const { return complete_; }
  llvm::LLVMContext& context() { return *context_; }
  /// What was declared in the source under this mangled name; null if nothing was.
  const clang::Decl* declNamed(llvm::StringRef mangled) {
    return generator_->GetDeclForMangledName(mangled);
  }
  /// Null if nothing of that name was emitted.
  llvm::GlobalValue* find(clang::GlobalDecl decl);
  std::string mangledName(clang::GlobalDecl decl) { return generator_->GetMangledName(decl).str(); }
  /// The variable with this mangled name, its definition if there is one; null if none of that name
  /// was declared in the source.
  const clang::VarDecl* variableNamed(llvm::StringRef mangled) const;

 private:
  SlicedModule() = default;
  void emit(clang::CompilerInstance& compiler, clang::ASTContext& ast,
            llvm::ArrayRef<Entry> entries, const ExportedDefinitions& exports, const Reach& reach);
  void keepBodiesOfUser();
  bool addMissed(Reach& reach);

  std::unique_ptr<clang::TextDiagnosticBuffer> said_; // before the engine that fills it
  llvm::IntrusiveRefCntPtr<clang::DiagnosticsEngine> quiet_;
  bool complete_ = true;
  std::unique_ptr<llvm::LLVMContext> context_; // before its module
  std::unique_ptr<clang::CodeGenerator> generator_;
  llvm::DenseSet<const clang::Decl*> missed_; ///< in a class, yet CodeGen did not find them
};

} // namespace roam::plugin
