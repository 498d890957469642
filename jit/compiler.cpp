// The pipeline from a module to an object.
#include "jit/compiler.h"
#include "jit/llvm-error.h"
#include "jit/session.h"
#include "jit/slice/cpu-features.h"
#include "jit/slice/digest.h"
#include <llvm/Config/llvm-config.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/SmallVectorMemoryBuffer.h>
#include <llvm/Support/TargetSelect.h>

namespace roam::jit {
namespace {

/// Raised when objects made before can no longer be used: another binding of symbols, another code
/// model.
constexpr unsigned objectFormat = 4;

llvm::orc::JITTargetMachineBuilder thisMachine(unsigned optimization) {
  static const bool ready = [] {
    return !llvm::InitializeNativeTarget() && !llvm::InitializeNativeTargetAsmPrinter() &&
           !llvm::InitializeNativeTargetAsmParser();
  }();
  if (!ready)
    throw std::runtime_error("LLVM has no code generator for this machine");
  auto builder = valueOrThrow(llvm::orc::JITTargetMachineBuilder::detectHost(),
                              "can't find out what this CPU can do");
  constexpr llvm::CodeGenOptLevel levels[] = {
      llvm::CodeGenOptLevel::None, llvm::CodeGenOptLevel::Less, llvm::CodeGenOptLevel::Default,
      llvm::CodeGenOptLevel::Aggressive};
  builder.setCodeGenOptLevel(levels[optimization]);
  builder.setRelocationModel(llvm::Reloc::PIC_);
  builder.setCodeModel(llvm::CodeModel::Small);
  // JITLink knows no thread-local relocations: variables are reached through __emutls_get_address.
  builder.getOptions().EmulatedTLS = true;
  // A multiply and an add stay two roundings, so that results equal those of CPUs without the fused
  // instruction.
  builder.getOptions().AllowFPOpFusion = llvm::FPOpFusion::Strict;
  builder.getOptions().EnableFastISel = optimization == 0;
  return builder;
}

llvm::OptimizationLevel levelOf(unsigned optimization) {
  switch (optimization) {
  case 1:
    return llvm::OptimizationLevel::O1;
  case 3:
    return llvm::OptimizationLevel::O3;
  default:
    return llvm::OptimizationLevel::O2;
  }
}

/// The plugin has optimised slices bottom-up already. Where nothing is left to be inlined, the
/// passes over functions and the loop optimisations of -O2 remain: 0.2 of 2.1 ms less. Coroutines
/// are split by the full pipeline only.
bool isOneFunction(const llvm::Module& module) {
  unsigned count = 0;
  for (const llvm::Function& function : module)
    if (!function.isDeclaration() && (++count > 1 || function.isPresplitCoroutine()))
      return false;
  return true;
}

llvm::ModulePassManager pipeline(const llvm::Module& module, unsigned optimization,
                                 llvm::PassBuilder& builder) {
  llvm::OptimizationLevel level = levelOf(optimization);
  if (optimization == 0)
    return builder.buildO0DefaultPipeline(llvm::OptimizationLevel::O0);
  if (!isOneFunction(module))
    return builder.buildPerModuleDefaultPipeline(level);
  llvm::ModulePassManager passes;
  passes.addPass(llvm::createModuleToFunctionPassAdaptor(
      builder.buildFunctionSimplificationPipeline(level, llvm::ThinOrFullLTOPhase::None)));
  passes.addPass(builder.buildModuleOptimizationPipeline(level, llvm::ThinOrFullLTOPhase::None));
  return passes;
}

/// What a slice leaves open for the host to decide: the CPU, and that every function can be
/// unwound.
void fitToMachine(llvm::Module& module, const llvm::TargetMachine& machine) {
  for (llvm::Function& function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", machine.getTargetCPU());
    function.addFnAttr("target-features", machine.getTargetFeatureString());
    function.setUWTableKind(llvm::UWTableKind::Async);
  }
}

} // namespace

Compiler::Compiler(unsigned optimization)
    : optimization_(std::min(optimization, 3u)), builder_(thisMachine(optimization_)),
      layout_(valueOrThrow(builder_.getDefaultDataLayoutForTarget(), "no data layout")) {
  for (const std::string& feature : builder_.getFeatures().getFeatures())
    if (feature.starts_with('+'))
      features_.insert(feature.substr(1));
}

std::string Compiler::featuresLackedFor(const llvm::Module& module) const {
  std::set<std::string> lacked;
  auto has = [&](std::string_view feature) { return features_.contains(feature); };
  for (const llvm::Function& function : module)
    if (function.isIntrinsic() && !function.use_empty())
      if (std::string needed = cpuFeaturesOf(function.getName()); !fulfils(needed, has))
        lacked.insert(inWords(needed));
  std::string all;
  for (const std::string& feature : lacked)
    all += (all.empty() ? "" : "; ") + feature;
  return all;
}

std::string Compiler::target() const {
  std::string all = builder_.getTargetTriple().str() + "\n" + builder_.getCPU() + "\n" +
                    builder_.getFeatures().getString() + "\n" LLVM_VERSION_STRING "\nO" +
                    std::to_string(optimization_) + "\n" + std::to_string(objectFormat);
  return Digest::of(std::string_view(all)).toString().substr(0, 16);
}

std::unique_ptr<llvm::TargetMachine> Compiler::takeMachine() {
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto machine = std::move(idle_.back());
      idle_.pop_back();
      return machine;
    }
  }
  return valueOrThrow(llvm::orc::JITTargetMachineBuilder(builder_).createTargetMachine(),
                      "can't make a code generator");
}

void Compiler::optimize(llvm::Module& module, llvm::TargetMachine& machine) const {
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = tuning.SLPVectorization = optimization_ >= 2;
  llvm::PassBuilder builder(&machine, tuning);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  pipeline(module, optimization_, builder).run(module, modules);
}

std::unique_ptr<llvm::MemoryBuffer> Compiler::compile(llvm::Module& module) {
  auto machine = takeMachine();
  module.setTargetTriple(triple().str());
  fitToMachine(module, *machine);
  optimize(module, *machine);
  llvm::SmallVector<char, 0> object;
  {
    llvm::raw_svector_ostream stream(object);
    llvm::legacy::PassManager passes;
    llvm::MCContext* context = nullptr;
    if (machine->addPassesToEmitMC(passes, context, stream))
      throw BadSlice(module.getModuleIdentifier() + ": this CPU has no object format");
    passes.run(module);
  }
  std::lock_guard lock(mutex_);
  idle_.push_back(std::move(machine));
  return std::make_unique<llvm::SmallVectorMemoryBuffer>(std::move(object),
                                                         module.getModuleIdentifier(), false);
}

} // namespace roam::jit
