// From declarations to exported symbols to function slices.
#include "plugin/exports.h"
#include "plugin/attributes.h"
#include "plugin/describe.h"
#include "plugin/initialisers.h"
#include "plugin/peer-locals.h"
#include "plugin/slicer.h"
#include "plugin/state-check.h"
#include "clang/AST/ASTContext.h"
#include "clang/Basic/Builtins.h"
#include "clang/Basic/SourceManager.h"

using namespace clang;

namespace roam::plugin {
namespace {

bool isStrong(GVALinkage linkage) {
  return linkage == GVA_StrongExternal || linkage == GVA_StrongODR;
}

bool isOfSystem(const ASTContext& ast, SourceLocation at) {
  return ast.getSourceManager().isInSystemHeader(at);
}

/// Functions that programs replace for themselves, like operator new and malloc, stay here: peers
/// have their own, which the libraries there use too.
bool isReplacement(const FunctionDecl* function) {
  return function->isMain() || function->isReplaceableGlobalAllocationFunction() ||
         function->getBuiltinID() != 0;
}

bool isExport(const FunctionDecl* function, ASTContext& ast) {
  return !function->isInvalidDecl() && !function->isDependentContext() &&
         function->isThisDeclarationADefinition() && !function->isDeleted() &&
         !isReplacement(function) && !isOfSystem(ast, function->getLocation()) &&
         isStrong(ast.GetGVALinkageForFunction(function));
}

bool isExport(const VarDecl* variable, ASTContext& ast) {
  return !variable->isInvalidDecl() && !variable->getType()->isDependentType() &&
         variable->isThisDeclarationADefinition() == VarDecl::Definition &&
         variable->getType().isConstant(ast) && !isOfSystem(ast, variable->getLocation()) &&
         isStrong(ast.GetGVALinkageForVariable(variable));
}

/// The rule of the C++ ABI: a vtable is where the key function is.
bool isExport(const CXXRecordDecl* record, ASTContext& ast) {
  if (isOfSystem(ast, record->getLocation()))
    return false;
  if (record->getTemplateSpecializationKind() == TSK_ExplicitInstantiationDefinition)
    return true;
  const CXXMethodDecl* key = ast.getCurrentKeyFunction(record);
  const FunctionDecl* definition = nullptr;
  return key && key->hasBody(definition);
}

/// Of the compiler's own names, those that another file can refer to. One with a dot is of a
/// version of a function.
bool isReferredTo(StringRef symbol) {
  if (symbol.contains('.'))
    return false;
  for (StringRef ofCompiler : {"llvm.", "_ZTS", "_ZGV", "_ZTW", "_ZTH", "__cxx_global"})
    if (symbol.starts_with(ofCompiler))
      return false;
  return true;
}

std::string placeText(const Description& description) {
  return "(" + description.file + ":" + std::to_string(description.line) + ")";
}

/// Why code with these variables cannot travel; empty if it can.
std::string refusalOf(ArrayRef<std::string> variables, SlicedModule& sliced, ASTContext& ast,
                      const StateCheck& states) {
  for (const std::string& symbol : variables) {
    const VarDecl* variable = sliced.variableNamed(symbol);
    if (!variable || (variable->isStaticLocal() && !isPeerLocal(variable)))
      continue;
    StateCheck::Fault fault = states.faultOf(variable);
    if (fault == StateCheck::Fault::none)
      continue;
    Description place;
    describePlace(ast, variable->getLocation(), place);
    std::string name = "the variable '" + variable->getQualifiedNameAsString() + "'";
    if (fault == StateCheck::Fault::lost)
      return "uses " + name + ", whose initialiser roam did not find " + placeText(place);
    if (fault == StateCheck::Fault::notBound)
      return "uses " + name + ", which " + obstacleOfPeerLocal(variable, symbol) + " " +
             placeText(place);
    return "uses " + name + " of this program " + placeText(place);
  }
  return "";
}

} // namespace

void ExportedDefinitions::addTo(Reach& reach) const {
  for (const FunctionDecl* function : functions)
    reach.addFunction(function);
  for (const VarDecl* variable : constants)
    reach.addVariable(variable);
  for (const CXXRecordDecl* record : polymorphic)
    reach.addVirtualFunctions(record);
  for (const FunctionDecl* target : targets)
    if (target->hasBody())
      reach.addFunction(target);
  for (const HeldCode& one : held)
    reach.addFunction(one.function);
  reach.follow();
}

void ExportCollector::remember(DeclGroupRef group) {
  for (Decl* decl : group)
    remember(decl);
}

void ExportCollector::remember(Decl* decl) {
  if (isa<NamespaceDecl>(decl) || isa<LinkageSpecDecl>(decl) || isa<ExportDecl>(decl)) {
    for (Decl* inner : cast<DeclContext>(decl)->noload_decls())
      remember(inner);
  } else if (auto* function = dyn_cast<FunctionDecl>(decl)) {
    if (!function->isInlineSpecified() && function->isThisDeclarationADefinition())
      functions_.push_back(function);
  } else if (auto* variable = dyn_cast<VarDecl>(decl)) {
    variables_.push_back(variable);
  }
}

ExportedDefinitions ExportCollector::exports(ASTContext& ast) const {
  ExportedDefinitions exports;
  for (FunctionDecl* function : functions_)
    if (isExport(function, ast))
      exports.functions.insert(function);
  for (VarDecl* variable : variables_)
    if (isExport(variable, ast))
      exports.constants.insert(variable);
  for (CXXRecordDecl* record : polymorphic_)
    if (isExport(record, ast))
      exports.polymorphic.insert(record);
  return exports;
}

std::vector<Export> exportsIn(SlicedModule& sliced, ASTContext& ast) {
  std::vector<Export> exports;
  for (llvm::GlobalValue& global : sliced.module()->global_values()) {
    llvm::GlobalObject* definition = global.getAliaseeObject();
    bool weak = global.hasWeakAnyLinkage();
    if (global.isDeclaration() || !definition || definition->isDeclaration() ||
        !(global.hasExternalLinkage() || global.hasWeakODRLinkage() || weak) ||
        !isReferredTo(global.getName()))
      continue;
    const Decl* decl = sliced.declNamed(global.getName());
    auto* function = dyn_cast_or_null<FunctionDecl>(decl);
    if (decl && (isOfSystem(ast, decl->getLocation()) || (function && isReplacement(function))))
      continue;
    // Of several declarations, the one with the body is the place to look at.
    if (const FunctionDecl* body = function ? function->getDefinition() : nullptr)
      decl = body;
    std::string refusal;
    if (weak)
      refusal = "is weak: another file of this program may define it in another way";
    else if (isa<llvm::GlobalIFunc>(global))
      refusal = "has versions for several CPUs, of which one is chosen when the program starts";
    exports.push_back({global.getName().str(), definition,
                       decl ? decl->getLocation() : SourceLocation(), refusal});
  }
  return exports;
}

std::vector<Shipment::Function> writeExports(ArrayRef<Export> exports, SlicedModule& sliced,
                                             const Initialisers& initialisers, ASTContext& ast) {
  llvm::DenseSet<const llvm::GlobalValue*> definitions;
  for (const Export& one : exports)
    if (!one.isLocal)
      definitions.insert(one.definition);
  StateCheck states(ast, ast.getDiagnostics(), sliced, initialisers);
  std::vector<Shipment::Function> functions;
  for (const Export& one : exports) {
    Shipment::Function function;
    Description description;
    describePlace(ast, one.place, description);
    description.symbol = one.symbol;
    description.refusal = one.refusal;
    if (description.refusal.empty()) {
      auto slice = writeFunctionSlice(*sliced.module(), *one.definition, definitions, initialisers);
      if (!slice)
        description.refusal = "cannot be made a slice: " + llvm::toString(slice.takeError());
      else if (description.refusal = refusalOf(slice->variables, sliced, ast, states);
               description.refusal.empty())
        function.item.slice = std::move(*slice);
    }
    if (!description.refusal.empty())
      function.item.slice.digest = Digest::of(std::string_view());
    else if (one.isHeld)
      description.symbol = "roam.held";
    if (one.isLocal)
      description.symbol += "." + function.item.slice.digest.toString();
    function.symbol = description.symbol;
    function.item.description = description.toText();
    functions.push_back(std::move(function));
  }
  return functions;
}

void addLocalTargets(const ExportedDefinitions& definitions, SlicedModule& sliced,
                     std::vector<Export>& exports) {
  llvm::StringSet<> known;
  for (const Export& one : exports)
    known.insert(one.symbol);
  auto add = [&](const FunctionDecl* target, bool isHeld) {
    auto* function = dyn_cast_or_null<llvm::Function>(sliced.find(GlobalDecl(target)));
    if (function && !function->isDeclaration() && known.insert(function->getName()).second)
      exports.push_back(
          {function->getName().str(), function, target->getLocation(), "", true, isHeld});
  };
  for (const FunctionDecl* target : definitions.targets)
    add(target, false);
  for (const HeldCode& one : definitions.held)
    add(one.function, true);
}

static llvm::StringMap<std::string> namesForPeers(ArrayRef<Export> exports,
                                                  ArrayRef<Shipment::Function> functions) {
  llvm::StringMap<std::string> names;
  for (auto [one, function] : llvm::zip_equal(exports, functions))
    names[one.symbol] = function.symbol;
  return names;
}

std::vector<Shipment::Target> namesOfTargets(const ExportedDefinitions& definitions,
                                             SlicedModule& sliced, ArrayRef<Export> exports,
                                             ArrayRef<Shipment::Function> functions) {
  auto names = namesForPeers(exports, functions);
  std::vector<Shipment::Target> targets;
  for (const FunctionDecl* target : definitions.targets) {
    std::string symbol = sliced.mangledName(GlobalDecl(target));
    auto known = names.find(symbol);
    targets.push_back({symbol, known == names.end() ? symbol : known->second});
  }
  return targets;
}

std::map<unsigned, std::string> namesOfHeld(const ExportedDefinitions& definitions,
                                            SlicedModule& sliced, ArrayRef<Export> exports,
                                            ArrayRef<Shipment::Function> functions) {
  auto names = namesForPeers(exports, functions);
  std::map<unsigned, std::string> held;
  for (const HeldCode& one : definitions.held)
    if (auto known = names.find(sliced.mangledName(GlobalDecl(one.function))); known != names.end())
      held[one.number] = known->second;
  return held;
}

} // namespace roam::plugin
