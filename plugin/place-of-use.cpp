// The stack of instantiations, read from the innermost outwards.
#include "plugin/place-of-use.h"

using namespace clang;

namespace roam::plugin {

bool isInRoam(const Decl* decl) {
  for (const DeclContext* at = decl ? decl->getDeclContext() : nullptr; at; at = at->getParent())
    if (auto* space = dyn_cast<NamespaceDecl>(at); space && space->getParent()->isTranslationUnit())
      return space->getName() == "roam";
  return false;
}

SourceLocation placeOfUse(const Sema& sema, SourceLocation otherwise) {
  for (const auto& context : llvm::reverse(sema.CodeSynthesisContexts)) {
    if (context.Entity && !isInRoam(context.Entity)) // requirements have no entity
      break;
    if (context.PointOfInstantiation.isValid())
      otherwise = context.PointOfInstantiation;
  }
  return otherwise;
}

} // namespace roam::plugin
