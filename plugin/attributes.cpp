// Clang parses the attribute; it is kept as an annotation of the variable, which template
// instances and later declarations inherit.
#include "plugin/attributes.h"
#include "plugin/report.h"
#include "clang/AST/ASTContext.h"
#include "clang/AST/Attr.h"
#include "clang/AST/DeclCXX.h"
#include "clang/Sema/ParsedAttr.h"
#include "clang/Sema/Sema.h"
#include "clang/Sema/SemaDiagnostic.h"

using namespace clang;

namespace roam::plugin {
namespace {

constexpr char annotation[] = "roam.peer_local";

/// Classes without a name are numbered, by what else is in the file.
bool isInUnnamedClass(const Decl* decl) {
  for (const DeclContext* at = decl->getDeclContext(); at; at = at->getParent())
    if (auto* record = dyn_cast<CXXRecordDecl>(at);
        record && !record->getIdentifier() && !record->getTypedefNameForAnonDecl())
      return true;
  return false;
}

class PeerLocalAttribute : public ParsedAttrInfo {
 public:
  PeerLocalAttribute() {
    // Clang looks for plugins' attributes by the bare name before it parses arguments.
    static constexpr Spelling spellings[] = {{ParsedAttr::AS_CXX11, "roam::peer_local"},
                                             {ParsedAttr::AS_CXX11, "peer_local"}};
    Spellings = spellings;
  }

  bool diagAppertainsToDecl(Sema& sema, const ParsedAttr& attribute,
                            const Decl* decl) const override {
    Report report(sema.getDiagnostics());
    if (!attribute.getScopeName()) {
      sema.Diag(attribute.getLoc(), diag::warn_unknown_attribute_ignored) << attribute;
      return false;
    }
    auto* variable = dyn_cast<VarDecl>(decl);
    if (!variable || !variable->hasGlobalStorage()) {
      report.error(
          attribute.getLoc(),
          "'roam::peer_local' is for variables that are there once a program: of namespace "
          "scope, static members, and static variables of functions");
      return false;
    }
    if (variable->getTSCSpec() != TSCS_unspecified) {
      report.error(attribute.getLoc(),
                   "a variable is either one a peer or one a thread: leave 'roam::peer_local' or "
                   "'thread_local' away");
      return false;
    }
    if (isInUnnamedClass(decl)) {
      report.error(attribute.getLoc(),
                   "a peer finds this variable by its name, and what is in a lambda or a class "
                   "without a name has none that is the same in every program; declare it at "
                   "namespace scope");
      return false;
    }
    return true;
  }

  AttrHandling handleDeclAttribute(Sema& sema, Decl* decl,
                                   const ParsedAttr& attribute) const override {
    decl->addAttr(AnnotateAttr::Create(sema.Context, annotation, nullptr, 0, attribute.getRange()));
    return AttributeApplied;
  }
};

} // namespace

bool isPeerLocal(const VarDecl* variable) {
  return llvm::any_of(variable->redecls(), [](const VarDecl* one) {
    return llvm::any_of(one->specific_attrs<AnnotateAttr>(), [](const AnnotateAttr* attribute) {
      return attribute->getAnnotation() == annotation;
    });
  });
}

} // namespace roam::plugin

static clang::ParsedAttrInfoRegistry::Add<roam::plugin::PeerLocalAttribute>
    registration("peer_local", "one instance of a variable a peer");
