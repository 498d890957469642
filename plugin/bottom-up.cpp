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
// finished before its callers are looked at, and nothing is inlined within it.
#include "plugin/bottom-up.h"
#include "llvm/ADT/SCCIterator.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Analysis/AssumptionCache.h"
#include "llvm/Analysis/CallGraph.h"
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

using namespace llvm;

namespace roam::plugin {
namespace {

/// LLVM's own default at -O2. The receiver inlines further; a higher value makes slices larger and
/// this step slower, a lower one makes the receiver's compilation slower.
constexpr int inlineThreshold = 225;

/// Functions that call each other; most often just one.
using Group = SmallVector<Function*, 4>;

class BottomUp {
 public:
  BottomUp(Module& module, ArrayRef<GlobalValue*> entries) : module_(module), entries_(entries) {
    // No target machine: nothing may depend on the compiling machine's CPU.
    PassBuilder builder;
    builder.registerModuleAnalyses(modules_);
    builder.registerCGSCCAnalyses(components_);
    builder.registerFunctionAnalyses(functions_);
    builder.registerLoopAnalyses(loops_);
    builder.crossRegisterProxies(loops_, functions_, components_, modules_);
    unwinding_.addPass(SimplifyCFGPass()); // invoke of a callee that does not throw -> call
    // So that the inliner sees constant arguments.
    before_.addPass(SROAPass(SROAOptions::ModifyCFG));
    before_.addPass(EarlyCSEPass());
    before_.addPass(SimplifyCFGPass());
    after_.addPass(SROAPass(SROAOptions::ModifyCFG));
    after_.addPass(EarlyCSEPass());
    after_.addPass(SimplifyCFGPass());
    after_.addPass(InstCombinePass());
    after_.addPass(SimplifyCFGPass());
  }

  void run() {
    dropUnreached();
    // By name: otherwise a library function gets its attributes when some caller is simplified.
    InferFunctionAttrsPass().run(module_, modules_);
    CallGraph calls(module_);
    for (auto component = scc_begin(&calls); !component.isAtEnd(); ++component) {
      Group group;
      for (CallGraphNode* node : *component)
        if (Function* function = node->getFunction(); function && !function->isDeclaration())
          group.push_back(function);
      finish(group);
    }
    functions_.clear();
    dropUnreached(); // what was inlined everywhere
  }

 private:
  /// Bodies that code generation made for members of extern templates, and what only these call.
  void dropUnreached() {
    auto setLinkage = [&](GlobalValue::LinkageTypes linkage) {
      for (GlobalValue& global : module_.global_values())
        if (!global.isDeclaration() && !is_contained(entries_, &global) &&
            !global.getName().starts_with("llvm."))
          global.setLinkage(linkage);
    };
    setLinkage(GlobalValue::InternalLinkage);
    GlobalDCEPass().run(module_, modules_);
    setLinkage(GlobalValue::ExternalLinkage); // no pass may think it knows all callers
  }

  /// All callees outside the group are finished.
  void finish(const Group& group) {
    for (Function* function : group)
      simplify(*function, unwinding_);
    inferNoUnwind(group);
    for (Function* function : group) {
      simplify(*function, unwinding_);
      simplify(*function, before_);
      inlineCallees(*function, group);
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

  /// As for all of the group at once: calls within it throw only if something else in it does.
  void inferNoUnwind(const Group& group) {
    auto throws = [&](const Instruction& instruction) {
      auto* call = dyn_cast<CallInst>(&instruction);
      return instruction.mayThrow() &&
             !(call && call->getCalledFunction() && is_contained(group, call->getCalledFunction()));
    };
    for (Function* function : group)
      if (function->isPresplitCoroutine() || any_of(instructions(*function), throws))
        return;
    for (Function* function : group)
      function->setDoesNotThrow();
  }

  void inlineCallees(Function& function, const Group& group) {
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
  }

  Module& module_;
  ArrayRef<GlobalValue*> entries_;
  InlineParams parameters_ = getInlineParams(inlineThreshold);
  LoopAnalysisManager loops_;
  FunctionAnalysisManager functions_;
  CGSCCAnalysisManager components_;
  ModuleAnalysisManager modules_;
  FunctionPassManager unwinding_, before_, after_;
};

} // namespace

void optimiseBottomUp(Module& module, ArrayRef<GlobalValue*> entries) {
  BottomUp(module, entries).run();
}

} // namespace roam::plugin
