// The pipeline from a module to an object.
#include "jit/compiler.h"
#include "jit/bad-slice.h"
#include "jit/host-target.h"
#include "jit/kept-addresses.h"
#include "jit/llvm-error.h"
#include "jit/slice/cpu-features.h"
#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/TargetSelect.h>

namespace roam::jit {
namespace {

void startCodeGenerator() {
  static const bool ready = [] {
    return !llvm::InitializeNativeTarget() && !llvm::InitializeNativeTargetAsmPrinter() &&
           !llvm::InitializeNativeTargetAsmParser();
  }();
  if (!ready)
    throw std::runtime_error("LLVM has no code generator for this machine");
}

llvm::orc::JITTargetMachineBuilder builderFor(const ObjectTarget& target, bool native) {
  startCodeGenerator();
  auto builder = native ? valueOrThrow(llvm::orc::JITTargetMachineBuilder::detectHost(),
                                       "can't find out what this CPU can do")
                        : llvm::orc::JITTargetMachineBuilder(llvm::Triple(target.triple));
  builder.setCPU(target.cpu);
  builder.setRelocationModel(llvm::Reloc::PIC_);
  builder.setCodeModel(llvm::CodeModel::Small);
  // JITLink knows no thread-local relocations: variables are reached through __emutls_get_address.
  builder.getOptions().EmulatedTLS = true;
  // A multiply and an add stay two roundings, so that results equal those of CPUs without the fused
  // instruction.
  builder.getOptions().AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return builder;
}

/// Whether any block from `first` to `last`, in the order in which they stand, calls what is code
/// of its own.
bool calls(const llvm::BasicBlock* first, const llvm::BasicBlock* last) {
  for (const llvm::BasicBlock* block = first;; block = block->getNextNode()) {
    for (const llvm::Instruction& instruction : *block)
      if (auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
          call != nullptr && !llvm::isa<llvm::IntrinsicInst>(call))
        return true;
    if (block == last)
      return false;
  }
}

/// A loop that depends on the CPU: one that calls nothing. In whatever order the blocks stand,
/// every loop has a branch to its own block or one before it.
bool hasLoop(const llvm::Function& function) {
  llvm::SmallPtrSet<const llvm::BasicBlock*, 16> before;
  for (const llvm::BasicBlock& block : function) {
    before.insert(&block);
    if (llvm::any_of(llvm::successors(&block),
                     [&](auto* next) { return before.contains(next) && !calls(next, &block); }))
      return true;
  }
  return false;
}

/// The plugin has optimised slices bottom-up already. Where nothing is left to be inlined, the
/// passes over functions and the loop optimisations of -O2 remain: 0.2 of 2.1 ms less. Coroutines
/// are split by the full pipeline only.
bool hasNothingToInline(const llvm::Module& module) {
  unsigned count = 0;
  for (const llvm::Function& function : module) {
    if (function.isPresplitCoroutine())
      return false;
    if (!function.isDeclaration() && !function.hasFnAttribute(llvm::Attribute::NoInline) &&
        ++count > 1)
      return false;
  }
  return true;
}

llvm::ModulePassManager pipeline(const llvm::Module& module, unsigned level0or2,
                                 llvm::PassBuilder& builder) {
  if (level0or2 == 0)
    return builder.buildO0DefaultPipeline(llvm::OptimizationLevel::O0);
  const llvm::OptimizationLevel level = llvm::OptimizationLevel::O2;
  if (!hasNothingToInline(module))
    return builder.buildPerModuleDefaultPipeline(level);
  llvm::ModulePassManager passes;
  if (!llvm::any_of(module, hasLoop)) // nothing is left that depends on the CPU
    return passes;
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

void optimize(llvm::Module& module, llvm::TargetMachine& machine, unsigned level) {
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = tuning.SLPVectorization = level > 0;
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
  pipeline(module, level, builder).run(module, modules);
}

} // namespace

Compiler::Compiler(const std::string& cpu)
    : target_(targetNamed(cpu)), builder_(builderFor(target_, cpu == "native")),
      layout_(valueOrThrow(builder_.getDefaultDataLayoutForTarget(), "no data layout")) {
  auto machine = takeMachine(2);
  for (const llvm::SubtargetFeatureKV& feature :
       machine->getMCSubtargetInfo()->getEnabledProcessorFeatures())
    features_.insert(feature.Key);
  idle_.at(2).push_back(std::move(machine));
}

ObjectTarget Compiler::target(unsigned level) const {
  ObjectTarget target = target_;
  target.level = level;
  return target;
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

Compiler::MachinePtr Compiler::takeMachine(unsigned level) {
  {
    std::lock_guard lock(mutex_);
    if (auto& idle = idle_.at(level); !idle.empty()) {
      auto machine = std::move(idle.back());
      idle.pop_back();
      return machine;
    }
  }
  llvm::orc::JITTargetMachineBuilder builder = builder_;
  builder.setCodeGenOptLevel(level == 0 ? llvm::CodeGenOptLevel::None
                                        : llvm::CodeGenOptLevel::Default);
  builder.getOptions().EnableFastISel = level == 0;
  return valueOrThrow(builder.createTargetMachine(), "can't make a code generator");
}

Compiler::Code Compiler::generate(llvm::Module& module, unsigned level,
                                  llvm::CodeGenFileType type) {
  auto machine = takeMachine(level);
  module.setTargetTriple(builder_.getTargetTriple().str());
  fitToMachine(module, *machine);
  optimize(module, *machine, level);
  shareKeptAddresses(module);
  Code code;
  {
    llvm::raw_svector_ostream stream(code);
    llvm::legacy::PassManager passes;
    if (machine->addPassesToEmitFile(passes, stream, nullptr, type))
      throw BadSlice(module.getModuleIdentifier() + ": this CPU has no object format");
    passes.run(module);
  }
  std::lock_guard lock(mutex_);
  idle_.at(level).push_back(std::move(machine));
  return code;
}

Compiler::Code Compiler::compile(llvm::Module& module, unsigned level) {
  return generate(module, level, llvm::CodeGenFileType::ObjectFile);
}

std::string Compiler::assembly(llvm::Module& module, unsigned level) {
  Code text = generate(module, level, llvm::CodeGenFileType::AssemblyFile);
  return {text.data(), text.size()};
}

} // namespace roam::jit
