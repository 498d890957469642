// The compiler's side: takes slices from the shared memory, and gives objects back.
#pragma once
#include "jit/slice-compiler.h"
#include "runtime/peer/request-loop.h"
#include <memory>

namespace roam::peer {

/// Compiles for this machine's CPU. What LLVM can't survive takes the process, which is why this is
/// one.
class CompilerLoop final : public RequestLoop {
 public:
  /// Opens the compiler.
  CompilerLoop(const WorkerMemory& memory, int descriptor)
      : RequestLoop(memory, descriptor), compiler_(jit::SliceCompiler::open()) {}

 private:
  Answer answer(unsigned slot) override;

  std::unique_ptr<jit::SliceCompiler> compiler_;
};

} // namespace roam::peer
