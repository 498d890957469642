// Which function of the second code generation initialises which variable? A slice carries those of
// the variables it reaches, and runs them before its entry.
#pragma once
#include "clang/AST/Decl.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/IR/GlobalVariable.h"
#include <optional>
#include <vector>

namespace roam::plugin {

class SlicedModule;

/// Runs when a program starts: builds a variable, and registers its destructor.
struct Initialiser {
  llvm::Function* function;
  unsigned order; ///< by the place of the variable's definition; instances of one template share it
};

/// Is the variable, a definition, not simply there when a program starts?
bool isBuiltByCode(const clang::VarDecl* variable);

/// The initialisers of a module, by their variables.
class Initialisers {
 public:
  /// Call right after code generation. Variables of the source that are initialised by running code
  /// get theirs; constant ones have none.
  static Initialisers find(SlicedModule& sliced, const clang::ASTContext& ast);

  /// Another one, of a variable that has none.
  void add(const llvm::GlobalVariable* variable, Initialiser initialiser);
  /// Takes the variable's out; nothing if it has none.
  std::optional<Initialiser> take(const llvm::GlobalVariable* variable);

  /// Null if the global is no variable, or needs no code.
  const Initialiser* of(const llvm::GlobalValue* global) const;
  /// Variables and initialisers: an optimisation must keep them all, since nothing calls an
  /// initialiser.
  std::vector<llvm::GlobalValue*> globals() const;
  /// Built by code, but none was found: a fault of ours. The variable's value would be lost.
  bool isLost(const clang::VarDecl* variable) const { return lost_.contains(variable); }

 private:
  llvm::MapVector<const llvm::GlobalValue*, Initialiser> initialisers_;
  llvm::DenseSet<const clang::VarDecl*> lost_;
};

} // namespace roam::plugin
