// Takes bodies out of the AST, and puts them back.
#include "plugin/library-bodies.h"
#include "clang/AST/ASTContext.h"
#include "clang/AST/Attr.h"
#include "clang/Basic/SourceManager.h"

using namespace clang;

namespace roam::plugin {

bool isLibraryBody(const FunctionDecl* definition) {
  return definition->hasAttr<GNUInlineAttr>() && definition->isExternC() &&
         definition->getASTContext().getSourceManager().isInSystemHeader(definition->getLocation());
}

void HiddenBodies::hide(const FunctionDecl* definition) {
  auto* function = const_cast<FunctionDecl*>(definition);
  hidden_.push_back({function, function->getBody()});
  function->setBody(nullptr);
}

HiddenBodies::~HiddenBodies() {
  for (auto [function, body] : hidden_)
    function->setBody(body);
}

} // namespace roam::plugin
