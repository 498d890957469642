// Where the user's code stands that made our headers instantiate something.
#pragma once
#include "clang/Sema/Sema.h"

namespace roam::plugin {

/// The innermost place outside namespace roam from which the current instantiation was asked for;
/// `otherwise` if there is none.
clang::SourceLocation placeOfUse(const clang::Sema& sema, clang::SourceLocation otherwise);

/// Is it declared in namespace roam, or inside something that is?
bool isInRoam(const clang::Decl* decl);

} // namespace roam::plugin
