// Variables marked [[roam::peer_local]] leave the module: slices ask the peer for them by name.
#pragma once
#include "plugin/initialisers.h"
#include "plugin/slicer.h"
#include <string>

namespace roam::plugin {

/// Puts a symbol that peers define (jit/slice/peer-local-name.h) in the place of each peer-local
/// variable of the module, and an initialiser of that into `initialisers`. Call right after these
/// were found. A variable that has an obstacle stays.
void bindPeerLocals(SlicedModule& sliced, clang::ASTContext& ast, Initialisers& initialisers);

/// Why peers can't find a peer-local variable by its name, in words that follow "it"; empty if they
/// can.
std::string obstacleOfPeerLocal(const clang::VarDecl* variable, const std::string& mangled);

} // namespace roam::plugin
