// Why the headers can't take a class apart, and the member that it needs.
#pragma once
#include "plugin/obstacles.h"

namespace roam::plugin {

/// For a class that has no kind (roam::OfNoKind): what keeps its members from the headers. The
/// advice holds a `serialize` with the names of its members, ready to be pasted.
Obstacle closedClass(const clang::CXXRecordDecl* record, clang::ASTContext& context);

/// For a class that is made by its default constructor before it is filled, and has none that is
/// public.
Obstacle withoutDefaultConstructor(const clang::CXXRecordDecl* record, clang::ASTContext& context);

} // namespace roam::plugin
