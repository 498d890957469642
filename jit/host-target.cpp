// From LLVM's tables of CPUs, which come in a small library without the code generator.
#include "jit/host-target.h"
#include "jit/slice/platform.h"
#include <algorithm>
#include <llvm/ADT/StringMap.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/X86TargetParser.h>
#include <stdexcept>

namespace roam::jit {
namespace {

/// Not in what the CPU is asked for: LLVM does not look for them.
bool isInEveryCpu(llvm::StringRef feature) {
  return feature == "x87" || feature == "evex512";
}

ObjectTarget targetOf(std::string cpu, std::vector<std::string> features) {
  std::sort(features.begin(), features.end());
  ObjectTarget target;
  target.triple = Platform::here().triple;
  target.cpu = std::move(cpu);
  target.features = std::move(features);
  target.llvm = LLVM_VERSION_STRING;
  target.level = 2;
  return target;
}

} // namespace

ObjectTarget hostTarget() {
  std::vector<std::string> features;
  for (auto& feature : llvm::sys::getHostCPUFeatures())
    if (feature.second)
      features.push_back(feature.first().str());
  return targetOf(llvm::sys::getHostCPUName().str(), std::move(features));
}

ObjectTarget targetNamed(const std::string& cpu) {
  if (cpu == "native")
    return hostTarget();
  if (llvm::X86::parseArchX86(cpu, /*Only64Bit=*/true) == llvm::X86::CK_None)
    throw std::runtime_error(
        "there is no CPU called '" + cpu +
        "': native, x86-64-v2, x86-64-v3 or a name that clang's -march= takes");
  llvm::SmallVector<llvm::StringRef, 64> known;
  llvm::X86::getFeaturesForCPU(cpu, known);
  std::vector<std::string> features;
  for (llvm::StringRef feature : known) {
    feature.consume_front("+");
    if (!isInEveryCpu(feature))
      features.push_back(feature.str());
  }
  return targetOf(cpu, std::move(features));
}

} // namespace roam::jit
