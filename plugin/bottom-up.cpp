// Why optimise at all before the digest is taken, and why with a loop of our own?
//
// Clang's output depends on the order in which functions are emitted: a function whose body turns
// out not to throw is marked nounwind, and callers emitted later get a `call` where earlier ones
// have an `invoke` with landing pads. Two lambdas in another order would give other bytes.
// Inferring nounwind bottom-up, and simplifying afterwards, makes both shapes one:
//
//     invoke @f() to %next unwind %pad     f is found not to throw:
//     call @f()                            the pad and the personality are gone
//
// Inlining makes slices 2 to 3 times smaller, and the receiver's compilation twice as fast. LLVM's
// own inliner also looks at callers of callers, and inlines within groups of functions that call
// each other, in an order that comes from the module: both let neighbours show. Here a group is
// finished before what refers to it is looked at, and nothing is inlined within it. Referring, not
// calling, makes the order: `apply(&h)` becomes a call of h once apply is inlined.
#include "plugin/bottom-up.h"
#include "plugin/math-calls.h"
#include "plugin/references.h"
#include "llvm/ADT/SCCIterator.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Analysis/AssumptionCache.h"
#include "llvm/Analysis/InlineCost.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Transforms/IPO/GlobalDCE.h"
#include "llvm/Transforms/IPO/InferFunctionAttrs.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/SROA.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include "llvm/Transforms/Utils/Local.h"
#include <deque>

using namespace llvm;

namespace roam::plugin {
namespace {

/// LLVM's own default at -O2. The receiver inlines further; a higher value makes slices larger and
/// this step slower, a lower one makes the receiver's compilation slower.
constexpr int inlineThreshold = 225;

/// Functions that refer to each other; most often just one.
using Group = SmallVector<Function*, 4>;

/// A definition and those it refers to.
struct Referrer {
  GlobalValue* global = nullptr;
  SmallVector<Referrer*, 16> references;
};

/// The definitions of a module. Its first node stands for the world: it refers to all of them.
class References {
 public:
  explicit References(Module& module) {
    Referrer& world = nodes_.emplace_back();
    DenseMap<GlobalValue*, Referrer*> nodeOf;
    for (GlobalObject& global : module.global_objects())
      if (!global.isDeclaration()) {
        nodeOf[&global] = &nodes_.emplace_back(Referrer{&global, {}});
        world.references.push_back(&nodes_.back());
      }
    for (auto& [global, node] : nodeOf)
      for (GlobalValue* reference : referencesOf(global))
        if (Referrer* other = nodeOf.lookup(reference))
          node->references.push_back(other);
  }
  Referrer* world() { return &nodes_.front(); }

 private:
  std::deque<Referrer> nodes_;
};

} // namespace
} // namespace roam::plugin

template <>
struct llvm::GraphTraits<roam::plugin::References*> {
  using NodeRef = roam::plugin::Referrer*;
  using ChildIteratorType = SmallVectorImpl<NodeRef>::iterator;
  static NodeRef getEntryNode(roam::plugin::References* references) { return references->world(); }
  static ChildIteratorType child_begin(NodeRef node) { return node->references.begin(); }
  static ChildIteratorType child_end(NodeRef node) { return node->references.end(); }
};

namespace roam::plugin {
namespace {

// --- what does not throw ------------------------------------------------------------------------

/// Marks the functions of the group that cannot throw: the largest set of which each throws only if
/// another of the set does. True if there is a new one.
bool inferNoUnwind(ArrayRef<Function*> group) {
  DenseMap<Function*, SmallVector<Function*, 4>> callers;
  DenseSet<Function*> silent(group.begin(), group.end());
  SmallVector<Function*, 16> throwing;
  for (Function* function : group)
    for (Instruction& instruction : instructions(*function)) {
      if (!instruction.mayThrow() && !function->isPresplitCoroutine())
        continue;
      auto* call = dyn_cast<CallInst>(&instruction);
      Function* callee = call ? call->getCalledFunction() : nullptr;
      if (callee && silent.contains(callee) && !function->isPresplitCoroutine())
        callers[callee].push_back(function);
      else
        throwing.push_back(function);
    }
  while (!throwing.empty()) {
    Function* function = throwing.pop_back_val();
    if (silent.erase(function))
      throwing.append(callers[function]);
  }
  bool found = false;
  for (Function* function : group)
    if (silent.contains(function) && !function->doesNotThrow()) {
      function->setDoesNotThrow();
      found = true;
    }
  return found;
}

/// Makes calls of the function's invokes of what does not throw.
void dropLandings(Function& function) {
  bool changed = false;
  for (BasicBlock& block : function)
    if (auto* invoke = dyn_cast<InvokeInst>(block.getTerminator());
        invoke && invoke->doesNotThrow()) {
      changeToCall(invoke);
      changed = true;
    }
  if (changed)
    removeUnreachableBlocks(function);
}

// --- the order ----------------------------------------------------------------------------------

class BottomUp {
 public:
  BottomUp(Module& module, ArrayRef<GlobalValue*> roots)
      : module_(module), roots_(roots.begin(), roots.end()) {
    // No target machine: nothing may depend on the compiling machine's CPU.
    PassBuilder builder;
    builder.registerModuleAnalyses(modules_);
    builder.registerCGSCCAnalyses(components_);
    builder.registerFunctionAnalyses(functions_);
    builder.registerLoopAnalyses(loops_);
    builder.crossRegisterProxies(loops_, functions_, components_, modules_);
    unwinding_.addPass(SimplifyCFGPass()); // invoke of a callee that does not throw -> call
    // So that the inliner sees constant arguments, and again for what it put there.
    before_.addPass(SROAPass(SROAOptions::ModifyCFG));
    before_.addPass(EarlyCSEPass());
    before_.addPass(SimplifyCFGPass());
    after_.addPass(InstCombinePass());
    after_.addPass(SimplifyCFGPass());
  }

  void run() {
    dropUnreached();
    // By name: otherwise a library function gets its attributes when some caller is simplified.
    InferFunctionAttrsPass().run(module_, modules_);
    holdMathCalls(module_);
    forgetOrderOfEmission();
    References references(module_);
    for (auto component = scc_begin(&references); !component.isAtEnd(); ++component) {
      Group group;
      for (Referrer* node : *component)
        if (auto* function = dyn_cast_or_null<Function>(node->global))
          group.push_back(function);
      finish(group);
    }
    functions_.clear();
    releaseMathCalls(module_);
    dropUnreached(); // what was inlined everywhere
  }

 private:
  /// Bodies that code generation made for members of extern templates, and what only these call.
  void dropUnreached() {
    auto setLinkage = [&](GlobalValue::LinkageTypes linkage) {
      for (GlobalValue& global : module_.global_values())
        if (!global.isDeclaration() && !roots_.contains(&global) &&
            !global.getName().starts_with("llvm."))
          global.setLinkage(linkage);
    };
    setLinkage(GlobalValue::InternalLinkage);
    GlobalDCEPass().run(module_, modules_);
    setLinkage(GlobalValue::ExternalLinkage); // no pass may think it knows all callers
  }

  /// What does not throw is known everywhere before anything refers to anything: a handler that
  /// was emitted in vain would count as a reference.
  void forgetOrderOfEmission() {
    std::vector<Function*> all;
    for (Function& function : module_)
      if (!function.isDeclaration())
        all.push_back(&function);
    do
      for (Function* function : all)
        dropLandings(*function);
    while (inferNoUnwind(all));
  }

  /// All that the group refers to is finished.
  void finish(const Group& group) {
    for (Function* function : group)
      simplify(*function, unwinding_);
    bool fewerThrow = inferNoUnwind(group);
    for (Function* function : group) {
      if (fewerThrow)
        simplify(*function, unwinding_);
      simplify(*function, before_);
      if (inlineCallees(*function, group))
        simplify(*function, before_);
      simplify(*function, after_);
      // Whether there is one depends on the order of emission, too.
      if (function->hasPersonalityFn() &&
          none_of(*function, [](BasicBlock& block) { return block.isEHPad(); }))
        function->setPersonalityFn(nullptr);
    }
    inferNoUnwind(group);
  }

  void simplify(Function& function, FunctionPassManager& passes) {
    functions_.invalidate(function, passes.run(function, functions_));
  }

  /// True if some were inlined.
  bool inlineCallees(Function& function, const Group& group) {
    SmallVector<CallBase*, 16> calls;
    for (Instruction& instruction : instructions(function))
      if (auto* call = dyn_cast<CallBase>(&instruction))
        if (Function* callee = call->getCalledFunction();
            callee && !callee->isDeclaration() && !is_contained(group, callee))
          calls.push_back(call);
    auto assumptions = [&](Function& of) -> AssumptionCache& {
      return functions_.getResult<AssumptionAnalysis>(of);
    };
    auto library = [&](Function& of) -> const TargetLibraryInfo& {
      return functions_.getResult<TargetLibraryAnalysis>(of);
    };
    bool changed = false;
    for (CallBase* call : calls) {
      auto& target = functions_.getResult<TargetIRAnalysis>(*call->getCalledFunction());
      if (!getInlineCost(*call, parameters_, target, assumptions, library))
        continue;
      InlineFunctionInfo inlined(assumptions);
      changed |= InlineFunction(*call, inlined, /*MergeAttributes=*/true).isSuccess();
    }
    if (changed)
      functions_.invalidate(function, PreservedAnalyses::none());
    return changed;
  }

  Module& module_;
  DenseSet<GlobalValue*> roots_;
  InlineParams parameters_ = getInlineParams(inlineThreshold);
  LoopAnalysisManager loops_;
  FunctionAnalysisManager functions_;
  CGSCCAnalysisManager components_;
  ModuleAnalysisManager modules_;
  FunctionPassManager unwinding_, before_, after_;
};

} // namespace

void optimiseBottomUp(Module& module, ArrayRef<GlobalValue*> roots) {
  BottomUp(module, roots).run();
}

} // namespace roam::plugin
