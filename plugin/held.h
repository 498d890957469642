// What may be behind a std::function, a pointer to a base class or a function pointer that travels.
//
// The value is not known while compiling. So for each H that the file sends (roam::heldItem<H> is
// instantiated), each F that the file may put behind one, and that can travel, becomes a
// roam::Held<H, F>, whose code is a function slice with a name of its own.
#pragma once
#include "plugin/entries.h"
#include "plugin/obstacles.h"
#include "llvm/ADT/SetVector.h"

namespace roam::plugin {

/// The code of one roam::Held<H, F>: what roamHeldName(number) stands for.
struct HeldCode {
  clang::CXXMethodDecl* function;
  unsigned number;
};

/// Finds what is held, and asks Sema for it. One a translation unit.
class HeldTypes {
 public:
  explicit HeldTypes(clang::Sema& sema) : sema_(sema), search_(sema) {}

  /// `function` is roam::heldItem<H>, just instantiated, mostly at the end of the file. Costs a
  /// walk over the file unless H is a std::function.
  void holder(const clang::FunctionDecl* function, clang::SourceLocation use);
  /// `function` is a std::_Function_handler<Signature, F>, just completed: libstdc++ makes one
  /// wherever a std::function is made of an F.
  void stored(clang::ClassTemplateSpecializationDecl* handler, clang::SourceLocation use);
  /// `held` is roam::Held<H, F>, just completed: adds `using id = Index<N>`.
  void number(clang::ClassTemplateSpecializationDecl* held);

  /// Every numbered one, also those of a precompiled header.
  std::vector<HeldCode> all();

 private:
  void add(clang::QualType holder, clang::QualType type, clang::SourceLocation use);

  clang::Sema& sema_;
  ObstacleSearch search_;
  /// The std::function<Signature> that are sent, by their signatures.
  llvm::DenseMap<clang::QualType, clang::QualType> functions_;
  std::optional<unsigned> next_;
};

} // namespace roam::plugin
