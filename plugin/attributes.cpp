// Clang parses the attributes; they are kept as annotations of variables and functions, which
// template instances and later declarations inherit.
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
constexpr char liveAnnotation[] = "roam.live";

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

/// What a name may be: it is written on command lines and in the keys of the store.
bool isLiveName(StringRef name) {
  constexpr size_t longest = 200;
  bool isCut = name.starts_with("/") || name.ends_with("/") || name.contains("//");
  return !name.empty() && name.size() <= longest && !isCut && llvm::all_of(name, [](char c) {
    return llvm::isAlnum(c) || llvm::StringRef("._-/").contains(c);
  });
}

class LiveAttribute : public ParsedAttrInfo {
 public:
  LiveAttribute() {
    static constexpr Spelling spellings[] = {{ParsedAttr::AS_CXX11, "roam::live"},
                                             {ParsedAttr::AS_CXX11, "live"}};
    Spellings = spellings;
    OptArgs = 1; // counted below, in words of ours
  }

  bool diagAppertainsToDecl(Sema& sema, const ParsedAttr& attribute,
                            const Decl* decl) const override {
    if (!attribute.getScopeName()) {
      sema.Diag(attribute.getLoc(), diag::warn_unknown_attribute_ignored) << attribute;
      return false;
    }
    auto* method = dyn_cast<CXXMethodDecl>(decl);
    if (!isa<FunctionDecl>(decl) || (method && method->getParent()->isLambda())) {
      Report(sema.getDiagnostics())
          .error(attribute.getLoc(), "'roam::live' is for functions with a name");
      return false;
    }
    return true;
  }

  AttrHandling handleDeclAttribute(Sema& sema, Decl* decl,
                                   const ParsedAttr& attribute) const override {
    auto* text = attribute.getNumArgs() == 1 && attribute.isArgExpr(0)
                     ? dyn_cast<StringLiteral>(attribute.getArgAsExpr(0)->IgnoreParenCasts())
                     : nullptr;
    if (!text || !text->isOrdinary() || !isLiveName(text->getString())) {
      Report(sema.getDiagnostics())
          .error(attribute.getLoc(),
                 "'roam::live' takes the name that the function is called by: one string of "
                 "letters, digits and . _ - / like [[roam::live(\"pricing.convert\")]]");
      return AttributeNotApplied;
    }
    Expr* name = text;
    if (!sema.ConstantFoldAttrArgs(attribute, MutableArrayRef<Expr*>(name)))
      return AttributeNotApplied;
    decl->addAttr(
        AnnotateAttr::Create(sema.Context, liveAnnotation, &name, 1, attribute.getRange()));
    return AttributeApplied;
  }
};

} // namespace

const AnnotateAttr* liveMarkOf(const FunctionDecl* function) {
  for (const FunctionDecl* one : function->redecls())
    for (const AnnotateAttr* attribute : one->specific_attrs<AnnotateAttr>())
      if (attribute->getAnnotation() == liveAnnotation && attribute->args_size() == 1)
        return attribute;
  return nullptr;
}

std::string liveNameOf(const FunctionDecl* function) {
  const AnnotateAttr* mark = liveMarkOf(function);
  auto* text = mark ? dyn_cast<StringLiteral>((*mark->args_begin())->IgnoreParenCasts()) : nullptr;
  return text ? text->getString().str() : "";
}

bool isPeerLocal(const VarDecl* variable) {
  return llvm::any_of(variable->redecls(), [](const VarDecl* one) {
    return llvm::any_of(one->specific_attrs<AnnotateAttr>(), [](const AnnotateAttr* attribute) {
      return attribute->getAnnotation() == annotation;
    });
  });
}

} // namespace roam::plugin

static clang::ParsedAttrInfoRegistry::Add<roam::plugin::PeerLocalAttribute>
    peerLocalRegistration("peer_local", "one instance of a variable a peer");
static clang::ParsedAttrInfoRegistry::Add<roam::plugin::LiveAttribute>
    liveRegistration("live", "a function that is called by a name");
