// The slices that a session has linked: what removes each again, what initialises it, where its
// state is.
#pragma once
#include "jit/slice/digest.h"
#include <exception>
#include <llvm/ADT/StringMap.h>
#include <llvm/ExecutionEngine/Orc/Core.h>
#include <mutex>
#include <unordered_map>

namespace roam::jit {

/// Callable from any thread.
class SliceTable {
 public:
  /// The addresses of the variables that a slice's objects share, by name: stateName().
  using State = llvm::StringMap<llvm::orc::ExecutorAddr>;

  void defined(const Digest& digest, llvm::orc::ResourceTrackerSP tracker);
  /// A second object of the slice, removed together with the first.
  void replaced(const Digest& digest, llvm::orc::ResourceTrackerSP tracker);
  /// The first failure counts: what comes after it is its consequence.
  void failed(const Digest& digest, std::exception_ptr why);
  /// Its first object is linked; `init` is what initialises its variables, or null.
  void linked(const Digest& digest, void (*init)(), State state);
  /// It uses peer-local variables, and stays until the session ends.
  void pin(const Digest& digest);

  struct Slice {
    llvm::orc::ResourceTrackerSP tracker, replacement;
    std::exception_ptr failure;
    void (*init)() = nullptr;
    bool isPinned = false;
    State state;
  };
  /// A copy; empty if it is not there.
  Slice at(const Digest& digest);
  /// Takes a slice out; empty if it is not there.
  Slice take(const Digest& digest);

 private:
  std::mutex mutex_;
  std::unordered_map<Digest, Slice> slices_;
};

} // namespace roam::jit
