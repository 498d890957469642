// Functions that pointers may point to when they travel.
//
// The value of a pointer is not known while compiling. So every function whose address the file
// takes, and whose type is that of pointers which the file sends, gets a slice and a name by its
// address: `cluster.map(v, &f)` works though f is static, inline or an instance of a template.
// Functions that other files may call have slices anyway; their addresses are found by their names.
#pragma once
#include "clang/AST/ASTContext.h"
#include "clang/AST/Decl.h"
#include "llvm/ADT/SetVector.h"

namespace roam::plugin {

/// The functions and member functions whose addresses are taken anywhere in the translation unit,
/// of the types P for which roam::PointedTo<P> was instantiated, in the order of the source. Not
/// virtual ones, and not what lambdas become when they are converted: those have names in one
/// compilation only. Costs a walk over the file if there are such types, else nothing.
llvm::SetVector<const clang::FunctionDecl*> functionsPointedTo(clang::ASTContext& ast);

} // namespace roam::plugin
