// The second code generation: makes IR of what the entries reach, with options that do not depend
// on -O, -g or paths.
#pragma once
#include "plugin/coroutines.h"
#include "plugin/entries.h"
#include "plugin/reach.h"
#include "clang/AST/GlobalDecl.h"
#include "clang/CodeGen/ModuleBuilder.h"
#include "clang/Frontend/CompilerInstance.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include <memory>
#include <vector>

namespace roam::plugin {

/// The module of a second code generation. Owns its context; the AST must outlive it.
class SlicedModule {
 public:
  /// Emits every entry and what `reach` holds. What the walk missed is added to `reach`; the AST is
  /// as before afterwards.
  static SlicedModule generate(clang::CompilerInstance& compiler, clang::ASTContext& ast,
                               llvm::ArrayRef<Entry> entries, Reach& reach,
                               CoroutineReturns& coroutines);

  /// Null if code generation failed; the host's will say why.
  llvm::Module* module() { return generator_->GetModule(); }
  llvm::LLVMContext& context() { return *context_; }
  /// Null if nothing of that name was emitted.
  llvm::GlobalValue* find(clang::GlobalDecl decl);
  std::string mangledName(clang::GlobalDecl decl) { return generator_->GetMangledName(decl).str(); }

 private:
  SlicedModule() = default;
  void emit(clang::CompilerInstance& compiler, clang::ASTContext& ast,
            llvm::ArrayRef<Entry> entries, const Reach& reach);
  bool addMissed(Reach& reach);

  llvm::IntrusiveRefCntPtr<clang::DiagnosticsEngine> quiet_;
  std::unique_ptr<llvm::LLVMContext> context_; // before its module
  std::unique_ptr<clang::CodeGenerator> generator_;
  llvm::DenseSet<const clang::Decl*> missed_; ///< in a class, yet CodeGen did not find them
};

} // namespace roam::plugin
