// Compiles the module of a slice to an object for one CPU.
#pragma once
#include "jit/slice/compiled-object.h"
#include <array>
#include <llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h>
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace roam::jit {

/// Optimises and generates code. Callable from any thread, several at the same time.
class Compiler {
 public:
  /// `cpu` as targetNamed() takes it. Throws std::runtime_error if there is no such CPU.
  explicit Compiler(const std::string& cpu);

  using Code = llvm::SmallVector<char, 0>;

  /// The ELF object, at level 0 or 2. Throws BadSlice if the code can't be generated. At level 2:
  /// 2 ms for the slice of a one-line closure, 4 to 6 if it has a loop, half of it in the code
  /// generator; 50 with strings; seconds for the largest. Level 0 takes a tenth of that for the
  /// large ones.
  Code compile(llvm::Module& module, unsigned level);
  /// The assembly of the same, for people.
  std::string assembly(llvm::Module& module, unsigned level);

  /// What this CPU lacks of the features that intrinsics in `module` need, in words; empty if
  /// nothing. LLVM ends the process when it is to compile such an intrinsic.
  std::string featuresLackedFor(const llvm::Module& module) const;

  const llvm::DataLayout& layout() const { return layout_; }
  /// What objects of this level are for.
  ObjectTarget target(unsigned level) const;

 private:
  using MachinePtr = std::unique_ptr<llvm::TargetMachine>;
  /// Takes a machine that no thread uses, or makes one: about 0.2 ms.
  MachinePtr takeMachine(unsigned level);
  Code generate(llvm::Module& module, unsigned level, llvm::CodeGenFileType type);

  ObjectTarget target_;
  llvm::orc::JITTargetMachineBuilder builder_;
  llvm::DataLayout layout_;
  std::set<std::string, std::less<>> features_; ///< with those that others imply
  std::mutex mutex_;
  std::array<std::vector<MachinePtr>, 3> idle_; ///< by level
};

} // namespace roam::jit
