// The attribute [[roam::peer_local]] of variables.
#pragma once
#include "clang/AST/Decl.h"

namespace roam::plugin {

/// Was the variable, or a declaration of it, marked [[roam::peer_local]]?
bool isPeerLocal(const clang::VarDecl* variable);

} // namespace roam::plugin
