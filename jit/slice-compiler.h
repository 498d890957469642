// The door to the compiler: from the bytes of a slice to an object. Hides LLVM.
#pragma once
#include "jit/bad-slice.h"
#include "jit/slice/compiled-object.h"
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace roam::jit {

/// How soon against how fast.
enum class Level : std::uint32_t {
  quick,  ///< level 0: as soon as possible
  tuned,  ///< level 2
  chosen, ///< quick if tuned takes long, and gives the same results
};

/// Compiles slices and slice groups for one CPU. Callable from any thread. Bitcode is parsed only
/// after its digest was checked. LLVM itself may end the process on hostile input: use it in a
/// process that can be spared.
class SliceCompiler {
 public:
  /// `cpu` as targetNamed() takes it. About 1 ms, and the first compilation another 3 for pages of
  /// LLVM that nobody has touched. Throws std::runtime_error if there is no such CPU.
  static std::unique_ptr<SliceCompiler> open(const std::string& cpu = "native");
  virtual ~SliceCompiler() = default;

  /// The object as CompiledObject writes it. Throws BadSlice with the reason if the slice is
  /// damaged or can't become code for this CPU.
  virtual std::vector<std::byte> compile(const Digest& digest, std::span<const std::byte> slice,
                                         Level level) = 0;

  /// The LLVM IR of the slice as it was compiled from its source, and the assembly that `compile`
  /// makes of it at level 2; for people. Throw BadSlice.
  virtual std::string ir(const Digest& digest, std::span<const std::byte> slice) = 0;
  virtual std::string assembly(const Digest& digest, std::span<const std::byte> slice) = 0;

  /// What objects of level 2 are for.
  virtual ObjectTarget target() const = 0;
};

} // namespace roam::jit
