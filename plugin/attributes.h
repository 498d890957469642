// The attributes [[roam::peer_local]] of variables and [[roam::live("name")]] of functions.
#pragma once
#include "clang/AST/Attr.h"
#include "clang/AST/Decl.h"
#include <string>

namespace roam::plugin {

/// Was the variable, or a declaration of it, marked [[roam::peer_local]]?
bool isPeerLocal(const clang::VarDecl* variable);

/// The mark of a function, or of a declaration of it, that is marked [[roam::live("name")]]; null
/// if it is not.
const clang::AnnotateAttr* liveMarkOf(const clang::FunctionDecl* function);
/// The name in that mark; empty if there is none.
std::string liveNameOf(const clang::FunctionDecl* function);

} // namespace roam::plugin
