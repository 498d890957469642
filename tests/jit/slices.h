// Slices for the tests of the JIT: C++ files compiled to bitcode when the tests are built, and a
// source that gives them.
#pragma once
#include "jit/object-source.h"
#include "jit/slice-compiler.h"
#include <atomic>
#include <map>
#include <mutex>
#include <string>

namespace roam::jit {

/// The bitcode of slices/NAME.cpp.
std::string sliceNamed(const std::string& name);

/// The bitcode of LLVM assembly.
std::string assembled(const std::string& text);

/// A slice that returns `number`; each number gives another digest.
std::string sliceReturning(int number);

/// A slice that adds to the int that a symbol names, and returns it.
std::string sliceAdding(const std::string& symbol, int number);

/// Keeps slices and objects in memory, compiles slices when their objects are asked for, and
/// counts. Callable from any thread.
class MemorySource : public ObjectSource {
 public:
  Digest add(std::string slice);
  Digest addNamed(const std::string& name) { return add(sliceNamed(name)); }
  /// Gives these bytes for a digest, whatever they are.
  void giveSlice(const Digest& digest, std::string bytes) { give(digest, std::move(bytes), false); }
  void giveObject(const Digest& digest, std::string bytes) { give(digest, std::move(bytes), true); }

  /// What the last compilation of a slice gave; empty if there was none.
  std::string objectOf(const Digest& digest);

  std::span<const std::byte> fetch(const Digest& digest) override;

  std::atomic<int> fetches{0}, compilations{0};
  std::atomic<Level> level{Level::tuned};

 private:
  struct Code {
    std::string bytes;
    bool isObject = false;
    std::string object; ///< compiled from `bytes`
  };
  void give(const Digest& digest, std::string bytes, bool isObject);

  std::unique_ptr<SliceCompiler> compiler_ = SliceCompiler::open();
  std::mutex mutex_;
  std::map<Digest, Code> code_;
};

} // namespace roam::jit
