// The headers say what the entry of a function is (roam/live-function.h); here Sema is asked for
// it, at the place where the function is defined:
//
//     [[roam::live("pricing.convert")]] double convert(double euros) { ... }
//
//     LiveFunction<&convert>::Entry  is  Code<LiveShape<LiveFunction<&convert>, double>>
#include "plugin/live-functions.h"
#include "plugin/attributes.h"
#include "plugin/describe.h"
#include "plugin/reflect.h"
#include "clang/AST/DeclFriend.h"
#include "clang/AST/Expr.h"

using namespace clang;

namespace roam::plugin {
namespace {

/// The type behind an alias of what the entry's closure is; null if that is no LiveFunction.
ClassTemplateSpecializationDecl* closureOf(ASTContext& ast, const Entry& entry) {
  QualType closure = aliasOf(ast, entry.shape, "Closure");
  auto* record = closure.isNull() ? nullptr : closure->getAsCXXRecordDecl();
  auto* shaped = dyn_cast_or_null<ClassTemplateSpecializationDecl>(record);
  return shaped && shaped->getSpecializedTemplate() ==
                       findInRoam<ClassTemplateDecl>(ast, "LiveFunction")
             ? shaped
             : nullptr;
}

} // namespace

void LiveFunctions::addThoseOf(DeclGroupRef group) {
  for (Decl* decl : group)
    visit(decl);
}

void LiveFunctions::visit(Decl* decl) {
  if (auto* shape = dyn_cast<TemplateDecl>(decl))
    decl = shape->getTemplatedDecl();
  if (auto* function = dyn_cast_or_null<FunctionDecl>(decl)) {
    if (function->hasAttrs() && !function->isTemplateInstantiation())
      add(function);
  } else if (auto* friends = dyn_cast_or_null<FriendDecl>(decl)) {
    if (NamedDecl* inner = friends->getFriendDecl())
      visit(inner);
  } else if (isa_and_nonnull<NamespaceDecl, LinkageSpecDecl, ExportDecl, CXXRecordDecl>(decl)) {
    for (Decl* inner : cast<DeclContext>(decl)->noload_decls())
      visit(inner);
  }
}

void LiveFunctions::add(FunctionDecl* function) {
  const AnnotateAttr* mark = liveMarkOf(function);
  if (!mark || function->isInvalidDecl() || seen_.contains(function->getCanonicalDecl()))
    return;
  FunctionDecl* definition = function->getDefinition();
  if (!definition && !function->isDependentContext()) // another file has it, or it comes later
    return;
  seen_.insert(function->getCanonicalDecl());
  if (definition && definition->isInvalidDecl())
    return;
  if (canBeCalled(function, mark->getLocation()) && isNamedOnce(definition, liveNameOf(function)))
    makeEntry(definition, mark->getLocation());
}

bool LiveFunctions::canBeCalled(const FunctionDecl* function, SourceLocation at) {
  auto* method = dyn_cast<CXXMethodDecl>(function);
  if (function->isDependentContext()) {
    report_.error(at, "'roam::live' cannot be on a template, which is many functions: mark a "
                      "function that calls it with the types it is meant for");
  } else if (method && !method->isStatic()) {
    report_.error(at, "'roam::live' cannot be on a member function that needs an object: mark a "
                      "static one, or a function that takes the object as an argument");
  } else if (function->isVariadic()) {
    report_.error(at, "'roam::live' cannot be on a function with '...': arguments travel by their "
                      "types, and these have none; take a std::vector");
  } else if (function->isConsteval()) {
    report_.error(at, "'roam::live' cannot be on a consteval function, which is called by the "
                      "compiler alone: make it constexpr");
  } else {
    for (const ParmVarDecl* parameter : function->parameters()) {
      QualType type = parameter->getType();
      if (!type->isLValueReferenceType() || type->getPointeeType().isConstQualified())
        continue;
      report_.error(parameter->getLocation(),
                    "a function marked 'roam::live' cannot take '%0' as a reference: what it would "
                    "change is a copy on another machine; take it as %1, and return what changed")
          << parameter->getName() << type->getPointeeType();
      return false;
    }
    return true;
  }
  return false;
}

bool LiveFunctions::isNamedOnce(const FunctionDecl* function, StringRef name) {
  auto [at, isNew] = named_.try_emplace(name, function);
  if (isNew)
    return true;
  report_.error(function->getLocation(), "two functions have the live name '%0': a name is bound "
                                         "to one function")
      << name;
  report_.note(at->second->getLocation(), "this is the other");
  return false;
}

void LiveFunctions::makeEntry(FunctionDecl* function, SourceLocation at) {
  ASTContext& ast = sema_.Context;
  auto* shape = findInRoam<ClassTemplateDecl>(ast, "LiveFunction");
  if (!shape) {
    if (!toldOfHeaders_)
      report_.error(at, "'roam::live' needs Roam's headers: write #include <roam/roam.h> at the "
                        "top of this file");
    toldOfHeaders_ = true;
    return;
  }
  SourceLocation place = function->getLocation();
  QualType pointer = ast.getPointerType(function->getType());
  ExprResult address = sema_.BuildExpressionFromDeclTemplateArgument(
      TemplateArgument(function, pointer), pointer, place);
  if (address.isInvalid())
    return;
  TemplateArgumentListInfo arguments(place, place);
  arguments.addArgument(TemplateArgumentLoc(TemplateArgument(address.get()), address.get()));
  QualType live = sema_.CheckTemplateIdType(TemplateName(shape), place, arguments);
  if (live.isNull() || !sema_.isCompleteType(place, live))
    return;
  for (StringRef part : {"Signature", "Entry"}) // of which the second is numbered: see Entries
    if (QualType type = aliasOf(ast, live, part); !type.isNull())
      sema_.isCompleteType(place, type);
}

const FunctionDecl* liveFunctionOf(ASTContext& ast, const Entry& entry) {
  auto* closure = closureOf(ast, entry);
  if (!closure)
    return nullptr;
  auto* function = dyn_cast<FunctionDecl>(closure->getTemplateArgs()[0].getAsDecl());
  const FunctionDecl* definition = function ? function->getDefinition() : nullptr;
  return definition ? definition : function;
}

std::string signatureOf(ASTContext& ast, const Entry& entry) {
  auto* closure = closureOf(ast, entry);
  QualType named = closure ? aliasOf(ast, ast.getRecordType(closure), "Signature") : QualType();
  CXXRecordDecl* record = named.isNull() ? nullptr : named->getAsCXXRecordDecl();
  CXXMethodDecl* method = record ? methodOf(record, "text") : nullptr;
  if (!method)
    return "";
  constexpr llvm::StringLiteral before = "[Signature = ";
  std::string whole = PredefinedExpr::ComputeName(PredefinedIdentKind::PrettyFunction, method);
  return llvm::StringRef(whole).split(before).second.drop_back().str(); // "]"
}

} // namespace roam::plugin
