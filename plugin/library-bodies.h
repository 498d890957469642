// Bodies that glibc's headers give to functions the C library has as well.
#pragma once
#include "clang/AST/Decl.h"
#include "llvm/ADT/ArrayRef.h"
#include <utility>
#include <vector>

namespace roam::plugin {

/// True for a definition that stands in a system header only to be inlined (`extern inline` of GNU
/// C). Whether there is one depends on flags: atoi has a body under -O1, memcpy with
/// _FORTIFY_SOURCE, where it calls __memcpy_chk.
bool isLibraryBody(const clang::FunctionDecl* definition);

/// Makes functions of the C library mere declarations as long as it lives, so that slices call the
/// library whatever the flags.
class HiddenBodies {
 public:
  HiddenBodies() = default;
  ~HiddenBodies();
  HiddenBodies(const HiddenBodies&) = delete;

  /// A definition for which isLibraryBody is true. Not twice.
  void hide(const clang::FunctionDecl* definition);

 private:
  std::vector<std::pair<clang::FunctionDecl*, clang::Stmt*>> hidden_;
};

} // namespace roam::plugin
