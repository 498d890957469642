// References are found in operands, and inside the constants that these are made of.
#include "plugin/references.h"
#include "llvm/ADT/PostOrderIterator.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/IR/CFG.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/Instructions.h"

using namespace llvm;

namespace roam::plugin {
namespace {

template <class Found>
void findGlobals(Constant* constant, SmallPtrSetImpl<Constant*>& seen, Found&& found) {
  if (auto* global = dyn_cast<GlobalValue>(constant)) {
    found(global);
    return;
  }
  if (isa<ConstantData>(constant) || !seen.insert(constant).second)
    return;
  for (Value* operand : constant->operands())
    if (auto* part = dyn_cast<Constant>(operand))
      findGlobals(part, seen, found);
}

} // namespace

SmallVector<GlobalValue*, 16> referencesOf(GlobalValue* global) {
  SmallVector<GlobalValue*, 16> references;
  SmallPtrSet<Constant*, 16> seen;
  auto found = [&](GlobalValue* reference) { references.push_back(reference); };
  if (auto* function = dyn_cast<Function>(global)) {
    if (function->isDeclaration())
      return references;
    if (function->hasPersonalityFn())
      findGlobals(function->getPersonalityFn(), seen, found);
    ReversePostOrderTraversal<Function*> blocks(function);
    for (BasicBlock* block : blocks)
      for (Instruction& instruction : *block)
        for (Value* operand : instruction.operands())
          if (auto* constant = dyn_cast<Constant>(operand))
            findGlobals(constant, seen, found);
  } else if (auto* variable = dyn_cast<GlobalVariable>(global);
             variable && variable->hasInitializer()) {
    findGlobals(variable->getInitializer(), seen, found);
  }
  return references;
}

} // namespace roam::plugin
