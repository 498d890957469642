// Only counting: no pass over operands, so that files with large slices do not pay for it.
#include "plugin/describe-code.h"
#include "jit/slice/cpu-features.h"
#include "jit/slice/peer-local-name.h"
#include "plugin/initialisers.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/GlobalVariable.h"
#include <set>

using namespace llvm;

namespace roam::plugin {
namespace {

constexpr size_t shown = 5;

/// The guard of a static variable is part of it.
bool isGuard(StringRef name) {
  return name.starts_with("_ZGV") || name.starts_with("_ZTH");
}

} // namespace

CodeDescription describeCode(ArrayRef<GlobalValue*> reached, const GlobalValue& entry,
                             const Initialisers& initialisers) {
  CodeDescription code;
  std::set<std::string> features;
  for (const GlobalValue* global : reached) {
    if (auto* function = dyn_cast<Function>(global); function && !function->isDeclaration()) {
      uint64_t instructions = function->getInstructionCount();
      ++code.functions;
      code.instructions += instructions;
      code.largest.push_back(
          {global == &entry ? entrySymbol : function->getName().str(), instructions});
    } else if (function && function->isIntrinsic()) {
      features.insert(cpuFeaturesOf(function->getName()));
    } else if (auto* variable = dyn_cast<GlobalVariable>(global);
               variable && !variable->isDeclaration() && !variable->isConstant() &&
               !isGuard(variable->getName()) && !initialisers.of(variable)) {
      code.state.push_back(
          {variable->isThreadLocal() ? "thread_local" : "static", variable->getName().str()});
    } else if (auto bound =
                   PeerLocalName::parse({global->getName().data(), global->getName().size()});
               bound && !isGuard(bound->name) && !bound->name.ends_with(madeSuffix)) {
      code.state.push_back({"peer-local", bound->name});
    }
  }
  llvm::sort(code.largest, [](auto& a, auto& b) {
    return a.instructions != b.instructions ? a.instructions > b.instructions : a.name < b.name;
  });
  if (code.largest.size() > shown)
    code.largest.resize(shown);
  features.erase("");
  code.cpuFeatures.assign(features.begin(), features.end());
  return code;
}

} // namespace roam::plugin
