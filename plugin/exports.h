// What other files may call or refer to of this one: its exports, each of which becomes a slice of
// its own, found by its mangled name when a closure of another file needs it.
//
// Exports are the definitions with strong external linkage: functions that are not inline, members
// of explicit instantiations, external constants, vtables and type information of classes whose
// key function is here. Inline functions are in every file that calls them, and need no export.
#pragma once
#include "plugin/embed.h"
#include "plugin/held.h"
#include "plugin/reach.h"
#include "clang/AST/DeclGroup.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"

namespace roam::plugin {

class Initialisers;
class SlicedModule;

/// Those of one translation unit, in the order they were met.
struct ExportedDefinitions {
  llvm::SetVector<const clang::FunctionDecl*> functions;
  llvm::SetVector<const clang::VarDecl*> constants;
  llvm::SetVector<clang::CXXRecordDecl*> polymorphic; ///< their vtables are emitted here
  /// Functions that captured pointers may point to (targets.h), also of other files or libraries.
  llvm::SetVector<const clang::FunctionDecl*> targets;

  /// What may be behind something that travels.
  std::vector<HeldCode> held;

  bool empty() const {
    return functions.empty() && constants.empty() && polymorphic.empty() && targets.empty() &&
           held.empty();
  }
  void addTo(Reach& reach) const;
};

/// Collects definitions as the compiler meets them, instead of a second walk over the whole file.
class ExportCollector {
 public:
  void remember(clang::DeclGroupRef group);
  void rememberVTable(clang::CXXRecordDecl* record) { polymorphic_.push_back(record); }

  /// Which of them are exports; known at the end of the translation unit only.
  ExportedDefinitions exports(clang::ASTContext& ast) const;

 private:
  void remember(clang::Decl* decl);

  std::vector<clang::FunctionDecl*> functions_;
  std::vector<clang::VarDecl*> variables_;
  std::vector<clang::CXXRecordDecl*> polymorphic_;
};

/// One exported symbol. Several may have one definition: the constructors of complete objects and
/// of bases.
struct Export {
  std::string symbol; ///< mangled
  llvm::GlobalObject* definition;
  clang::SourceLocation place; ///< invalid for what has none, like a vtable
  std::string refusal;         ///< why it cannot travel, known before it is cut out; mostly empty
  /// A target that other files can't refer to, or may have of the same name: its digest becomes
  /// part of its name.
  bool isLocal = false;
  bool isHeld = false; ///< known by its digest alone
};

/// The exports in a module that was not cleaned yet: linkage and aliases tell. To be called only if
/// the file has some; then mutable variables are among them, refused, so that it can be said why.
std::vector<Export> exportsIn(SlicedModule& sliced, clang::ASTContext& ast);

/// Cuts the function slice of each export. One that cannot travel is no error, since it is ordinary
/// code: the description says why, and that is told when a closure needs it.
std::vector<Shipment::Function> writeExports(llvm::ArrayRef<Export> exports, SlicedModule& sliced,
                                             const Initialisers& initialisers,
                                             clang::ASTContext& ast);

/// Adds what is held, and the targets that are no exports and have a body here.
void addLocalTargets(const ExportedDefinitions& definitions, SlicedModule& sliced,
                     std::vector<Export>& exports);

/// The names that targets have in the host's module and for peers. `exports` and `functions`
/// correspond.
std::vector<Shipment::Target> namesOfTargets(const ExportedDefinitions& definitions,
                                             SlicedModule& sliced, llvm::ArrayRef<Export> exports,
                                             llvm::ArrayRef<Shipment::Function> functions);

/// The names that peers have for what is held, by its numbers.
std::map<unsigned, std::string> namesOfHeld(const ExportedDefinitions& definitions,
                                            SlicedModule& sliced, llvm::ArrayRef<Export> exports,
                                            llvm::ArrayRef<Shipment::Function> functions);

} // namespace roam::plugin
