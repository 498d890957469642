// Code generation makes a function __cxx_global_var_init for each variable that is initialised by
// running code, and does not say which variable it is for, except where the linker may drop both
// (llvm.global_ctors names the variable of an inline one). For the others the bodies tell:
//
//     const std::string prefix = "a long text ...";       init:    refers to prefix: is prefix's
//     const std::string path = prefix + name();           init.1:  refers to path and prefix, of
//                                                                  which prefix has one: is path's
#include "plugin/initialisers.h"
#include "plugin/references.h"
#include "plugin/slicer.h"
#include "clang/Basic/SourceManager.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/IR/Constants.h"

using namespace clang;

namespace roam::plugin {
namespace {

struct Candidate {
  llvm::GlobalVariable* global;
  const VarDecl* variable;
  size_t place; ///< in the module
};

/// Also those that are constant, but have a destructor to be registered.
std::vector<Candidate> candidatesOf(SlicedModule& sliced, const ASTContext& ast) {
  std::vector<Candidate> candidates;
  for (llvm::GlobalVariable& global : sliced.module()->globals()) {
    if (global.isDeclaration() || global.isConstant())
      continue;
    const VarDecl* variable = sliced.variableNamed(global.getName());
    if (variable && variable->hasGlobalStorage() && !variable->isStaticLocal() &&
        (isBuiltByCode(variable) || variable->needsDestruction(ast)))
      candidates.push_back({&global, variable, candidates.size()});
  }
  const SourceManager& sources = ast.getSourceManager();
  llvm::sort(candidates, [&](auto& a, auto& b) {
    SourceLocation first = a.variable->getLocation(), second = b.variable->getLocation();
    return first == second ? a.place < b.place : sources.isBeforeInTranslationUnit(first, second);
  });
  return candidates;
}

/// Initialisers whose variable llvm.global_ctors names.
llvm::DenseMap<llvm::Function*, llvm::GlobalValue*> namedPairs(llvm::Module& module) {
  llvm::DenseMap<llvm::Function*, llvm::GlobalValue*> pairs;
  auto* starters = module.getNamedGlobal("llvm.global_ctors");
  auto* list = starters ? dyn_cast<llvm::ConstantArray>(starters->getInitializer()) : nullptr;
  for (unsigned i = 0; list && i < list->getNumOperands(); ++i) {
    auto* starter = cast<llvm::ConstantStruct>(list->getOperand(i));
    auto* function = dyn_cast<llvm::Function>(starter->getOperand(1)->stripPointerCasts());
    auto* variable = dyn_cast<llvm::GlobalValue>(starter->getOperand(2)->stripPointerCasts());
    if (function && variable)
      pairs[function] = variable;
  }
  return pairs;
}

/// The one variable that the initialiser refers to and that has none yet; null if there are others.
llvm::GlobalValue* onlyOpenOne(llvm::Function* initialiser,
                               const llvm::SmallPtrSetImpl<llvm::GlobalValue*>& open) {
  llvm::GlobalValue* only = nullptr;
  for (llvm::GlobalValue* reference : referencesOf(initialiser)) {
    if (!open.contains(reference) || reference == only)
      continue;
    if (only)
      return nullptr;
    only = reference;
  }
  return only;
}

llvm::DenseMap<llvm::GlobalValue*, llvm::Function*> pairUp(llvm::Module& module,
                                                           llvm::ArrayRef<Candidate> candidates) {
  llvm::SmallPtrSet<llvm::GlobalValue*, 16> open;
  for (const Candidate& candidate : candidates)
    open.insert(candidate.global);
  llvm::DenseMap<llvm::GlobalValue*, llvm::Function*> pairs;
  auto pair = [&](llvm::Function* function, llvm::GlobalValue* variable) {
    pairs[variable] = function;
    open.erase(variable);
  };
  auto named = namedPairs(module);
  llvm::SmallVector<llvm::Function*, 16> unpaired;
  for (llvm::Function& function : module) {
    if (!function.getName().starts_with("__cxx_global_var_init") || function.isDeclaration())
      continue;
    if (auto found = named.find(&function); found != named.end())
      pair(&function, found->second);
    else
      unpaired.push_back(&function);
  }
  for (size_t before = 0; before != unpaired.size();) {
    before = unpaired.size();
    llvm::erase_if(unpaired, [&](llvm::Function* function) {
      llvm::GlobalValue* variable = onlyOpenOne(function, open);
      if (variable)
        pair(function, variable);
      return variable != nullptr;
    });
  }
  return pairs;
}

} // namespace

bool isBuiltByCode(const VarDecl* variable) {
  const VarDecl* definition = nullptr;
  return variable->getAnyInitializer(definition) && !definition->hasConstantInitialization() &&
         !definition->evaluateValue();
}

Initialisers Initialisers::find(SlicedModule& sliced, const ASTContext& ast) {
  Initialisers found;
  std::vector<Candidate> candidates = candidatesOf(sliced, ast);
  auto pairs = pairUp(*sliced.module(), candidates);
  SourceLocation last;
  unsigned order = 0;
  for (const Candidate& candidate : candidates) {
    if (candidate.variable->getLocation() != last)
      ++order;
    last = candidate.variable->getLocation();
    if (llvm::Function* function = pairs.lookup(candidate.global))
      found.initialisers_.insert({candidate.global, {function, order}});
    else if (isBuiltByCode(candidate.variable) && candidate.global->getInitializer()->isNullValue())
      found.lost_.insert(candidate.variable);
  }
  return found;
}

void Initialisers::add(const llvm::GlobalVariable* variable, Initialiser initialiser) {
  initialisers_.insert({variable, initialiser});
}

std::optional<Initialiser> Initialisers::take(const llvm::GlobalVariable* variable) {
  auto found = initialisers_.find(variable);
  if (found == initialisers_.end())
    return std::nullopt;
  Initialiser taken = found->second;
  initialisers_.erase(found);
  return taken;
}

const Initialiser* Initialisers::of(const llvm::GlobalValue* global) const {
  auto found = initialisers_.find(global);
  return found == initialisers_.end() ? nullptr : &found->second;
}

std::vector<llvm::GlobalValue*> Initialisers::globals() const {
  std::vector<llvm::GlobalValue*> all;
  for (auto& [variable, initialiser] : initialisers_) {
    all.push_back(const_cast<llvm::GlobalValue*>(variable));
    all.push_back(initialiser.function);
  }
  return all;
}

} // namespace roam::plugin
