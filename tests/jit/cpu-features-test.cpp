// The table of CPU features against LLVM itself: every intrinsic it has is compiled for a CPU that
// has the features of the table and no others.
#include "jit/slice/cpu-features.h"
#include <fcntl.h>
#include <gtest/gtest.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/IntrinsicsX86.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>
#include <memory>
#include <set>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace roam {
namespace {

using llvm::Intrinsic::ID;

constexpr const char* triple = "x86_64-pc-linux-gnu";

/// As target-features: "+avx512vnni,+avx512vl". Of alternatives the first.
std::string targetFeatures(std::string_view expression) {
  std::string text = expression.empty() ? "" : "+";
  for (char c : expression.substr(0, expression.find('|')))
    text += c == ',' ? ",+" : std::string(1, c);
  return text;
}

/// A function that calls the intrinsic with values from memory. False if it can't be called so:
/// one for many types, or with operands that no memory holds.
bool addCall(llvm::Module& module, ID id, const std::string& features, std::uint64_t immediate) {
  if (llvm::Intrinsic::isOverloaded(id))
    return false;
  llvm::LLVMContext& context = module.getContext();
  llvm::Function* intrinsic = llvm::Intrinsic::getDeclaration(&module, id);
  for (llvm::Type* type : intrinsic->getFunctionType()->params())
    if (type->isMetadataTy() || type->isTokenTy() || type->isX86_AMXTy())
      return false;
  llvm::Type* pointer = llvm::PointerType::get(context, 0);
  auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), {pointer, pointer}, false);
  auto* caller = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, "", module);
  caller->addFnAttr("target-cpu", "x86-64");
  caller->addFnAttr("target-features", features);
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context, "", caller));
  std::vector<llvm::Value*> operands;
  for (unsigned i = 0; i < intrinsic->arg_size(); ++i) {
    llvm::Type* operand = intrinsic->getFunctionType()->getParamType(i);
    if (intrinsic->hasParamAttribute(i, llvm::Attribute::ImmArg))
      operands.push_back(llvm::ConstantInt::get(operand, immediate));
    else
      operands.push_back(builder.CreateLoad(operand, caller->getArg(0)));
  }
  llvm::Value* result = builder.CreateCall(intrinsic, operands);
  if (!result->getType()->isVoidTy())
    builder.CreateStore(result, caller->getArg(1));
  builder.CreateRetVoid();
  return true;
}

/// In a child, since LLVM ends the process where it can't.
template <class Function>
bool survives(Function&& function) {
  pid_t child = fork();
  if (child == 0) {
    rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    _exit(function() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool compiles(const std::vector<ID>& ids, const std::string* features, std::uint64_t immediate) {
  std::string error;
  auto* target = llvm::TargetRegistry::lookupTarget(triple, error);
  std::unique_ptr<llvm::TargetMachine> machine(
      target->createTargetMachine(triple, "x86-64", "", {}, llvm::Reloc::PIC_));
  llvm::LLVMContext context;
  llvm::Module module("", context);
  module.setDataLayout(machine->createDataLayout());
  module.setTargetTriple(triple);
  for (ID id : ids)
    if (!addCall(module, id,
                 features ? *features
                          : targetFeatures(cpuFeaturesOf(llvm::Intrinsic::getBaseName(id).str())),
                 immediate))
      return false;
  llvm::SmallVector<char, 0> object;
  llvm::raw_svector_ostream stream(object);
  llvm::legacy::PassManager passes;
  llvm::MCContext* unused = nullptr;
  if (machine->addPassesToEmitMC(passes, unused, stream))
    return false;
  passes.run(module);
  return true;
}

/// With one of the immediate operands that instructions take: a number, a rounding mode.
bool compilesSomehow(ID id, const std::string* features) {
  for (std::uint64_t immediate : {0, 4, 8})
    if (survives([&] { return compiles({id}, features, immediate); }))
      return true;
  return false;
}

std::vector<ID> intrinsicsOfX86() {
  std::vector<ID> ids;
  for (ID id = 1; id < llvm::Intrinsic::num_intrinsics; ++id)
    if (llvm::Intrinsic::getBaseName(id).starts_with("llvm.x86.") &&
        !llvm::Intrinsic::isOverloaded(id))
      ids.push_back(id);
  return ids;
}

class CpuFeatures : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
  }
};

TEST_F(CpuFeatures, AreEnoughForEveryIntrinsicThatLlvmHas) {
  std::vector<ID> ids = intrinsicsOfX86(), alone;
  std::set<std::string> known;
  for (ID id : ids) {
    std::string features = cpuFeaturesOf(llvm::Intrinsic::getBaseName(id).str());
    for (std::string one = targetFeatures(features); !one.empty();
         one = one.find(',') == one.npos ? "" : one.substr(one.find(',') + 1))
      known.insert(one.substr(0, one.find(',')));
  }
  std::string everything;
  for (const std::string& feature : known)
    everything += (everything.empty() ? "" : ",") + feature;

  constexpr std::size_t together = 24;
  for (std::size_t i = 0; i < ids.size(); i += together) {
    std::vector<ID> some(ids.begin() + i, ids.begin() + std::min(i + together, ids.size()));
    if (!survives([&] { return compiles(some, nullptr, 4); }))
      alone.insert(alone.end(), some.begin(), some.end());
  }
  std::size_t untested = 0;
  for (ID id : alone)
    if (!compilesSomehow(id, nullptr)) {
      ++untested;
      EXPECT_FALSE(compilesSomehow(id, &everything))
          << llvm::Intrinsic::getBaseName(id).str() << " needs more than '"
          << cpuFeaturesOf(llvm::Intrinsic::getBaseName(id).str()) << "'";
    }
  std::printf("%zu intrinsics, %zu of which compile for no CPU when called like this\n", ids.size(),
              untested);
  EXPECT_GT(ids.size(), 1200u);
  EXPECT_LT(untested, 50u);
}

TEST_F(CpuFeatures, AreNoneForWhatEveryCpuOfItsKindCan) {
  for (const char* name : {"llvm.x86.sse2.psad.bw", "llvm.x86.rdtsc", "llvm.fma.f64", "llvm.memcpy",
                           "llvm.aarch64.neon.abs"})
    EXPECT_EQ(cpuFeaturesOf(name), "") << name;
}

TEST_F(CpuFeatures, AreNamedAsLlvmDoes) {
  EXPECT_EQ(cpuFeaturesOf("llvm.x86.avx2.psign.b"), "avx2");
  EXPECT_EQ(cpuFeaturesOf("llvm.x86.xop.vpcomb"), "xop");
  EXPECT_EQ(cpuFeaturesOf("llvm.x86.fma.vfmaddsub.ps"), "fma");
  EXPECT_EQ(cpuFeaturesOf("llvm.x86.avx512.mask.scalef.pd.512"), "avx512f");
  EXPECT_EQ(cpuFeaturesOf("llvm.x86.avx512.conflict.d.128"), "avx512cd,avx512vl");
  EXPECT_EQ(cpuFeaturesOf("llvm.x86.avx512.mask.compress.v32i8"), "avx512vbmi2,avx512vl");
}

TEST_F(CpuFeatures, MayBeOneOfSeveral) {
  std::string features = cpuFeaturesOf("llvm.x86.avx512.vpdpbusd.256");
  EXPECT_EQ(features, "avx512vnni,avx512vl|avxvnni");
  EXPECT_EQ(inWords(features), "avx512vnni and avx512vl, or avxvnni");
  auto suffices = [&](std::set<std::string_view> cpu) {
    return fulfils(features, [&](std::string_view one) { return cpu.contains(one); });
  };
  EXPECT_FALSE(suffices({"avx512vnni"}));
  EXPECT_TRUE(suffices({"avx512vnni", "avx512vl"}));
  EXPECT_TRUE(suffices({"avxvnni"}));
  EXPECT_FALSE(suffices({}));
}

} // namespace
} // namespace roam
