// Slices for the tests of the JIT: C++ files compiled to bitcode when the tests are built, and a
// source that gives them.
#pragma once
#include "jit/slice-source.h"
#include "jit/slice/digest.h"
#include <atomic>
#include <map>
#include <mutex>
#include <string>

namespace roam::jit {

/// The bitcode of slices/NAME.cpp.
std::string sliceNamed(const std::string& name);

/// A slice that returns `number`; each number gives another digest.
std::string sliceReturning(int number);

/// A slice that adds to the int that a symbol names, and returns it.
std::string sliceAdding(const std::string& symbol, int number);

/// Keeps slices and objects in memory, and counts. Callable from any thread.
class MemorySource : public SliceSource {
 public:
  Digest add(std::string slice);
  Digest addNamed(const std::string& name) { return add(sliceNamed(name)); }
  /// Gives these bytes for a digest, whatever they are.
  void give(const Digest& digest, SliceCode::Kind kind, std::string bytes);

  /// What the last compilation of a slice gave; empty if there was none.
  std::string objectOf(const Digest& digest);

  SliceCode fetch(const Digest& digest) override;
  void compiled(const Digest& digest, std::span<const std::byte> object) override;

  std::atomic<int> fetches{0}, compilations{0};

 private:
  struct Code {
    SliceCode::Kind kind;
    std::string bytes;
  };
  std::mutex mutex_;
  std::map<Digest, Code> code_;
  std::map<Digest, std::string> objects_;
};

} // namespace roam::jit
