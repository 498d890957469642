// Compiles the module of a slice to an object for this machine's CPU.
#pragma once
#include <llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/MemoryBuffer.h>
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
  /// `optimization` is 0 to 3, as clang's -O. Finds out what this CPU can do.
  explicit Compiler(unsigned optimization);

  /// The object, named like the module. Throws BadSlice if the code can't be generated. 2 ms for
  /// the slice of a one-line closure, 4 to 6 if it has a loop, half of it in the code generator; 50
  /// with strings; seconds for the largest.
  std::unique_ptr<llvm::MemoryBuffer> compile(llvm::Module& module);

  /// What this CPU lacks of the features that intrinsics in `module` need, in words; empty if
  /// nothing. LLVM ends the process when it is to compile such an intrinsic.
  std::string featuresLackedFor(const llvm::Module& module) const;
  /// As LLVM calls it: "znver3".
  const std::string& cpu() const { return builder_.getCPU(); }

  const llvm::DataLayout& layout() const { return layout_; }
  const llvm::Triple& triple() const { return builder_.getTargetTriple(); }

  /// Sixteen hexadecimal digits; two compilers with equal ones make interchangeable objects.
  std::string target() const;

 private:
  /// Takes a machine that no thread uses, or makes one: about 0.2 ms.
  std::unique_ptr<llvm::TargetMachine> takeMachine();
  void optimize(llvm::Module& module, llvm::TargetMachine& machine) const;

  unsigned optimization_;
  llvm::orc::JITTargetMachineBuilder builder_;
  std::set<std::string, std::less<>> features_;
  llvm::DataLayout layout_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<llvm::TargetMachine>> idle_;
};

} // namespace roam::jit
