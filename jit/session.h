// The door to the JIT: turns slices into callable entries in this process. Hides LLVM.
#pragma once
#include "jit/slice-source.h"
#include "jit/slice/digest.h"
#include <memory>
#include <stdexcept>
#include <string>

namespace roam::jit {

/// A slice or object that can't become code here: damaged bytes, no entry, an undefined symbol, an
/// initialiser of its variables that threw. The message says which.
class BadSlice : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A running JIT: LLVM's ORC with JITLink for this machine's CPU. One a process. Callable from any
/// thread; however many threads ask for a digest at once, it is materialized once. Bitcode is
/// parsed only after its digest was checked.
///
/// Must be used in an executable that links `roam-jit` itself and a shared libgcc_s: throwing
/// through compiled code costs the same however many entries are loaded, because the executable's
/// `_Unwind_Find_FDE` looks them up in a tree (libgcc 12 walks a list).
class Session {
 public:
  struct Options {
    /// 0 to 3, as clang's -O.
    unsigned optimization = 2;
    /// Compiles a small slice of its own at once, so that the first entry costs what later ones do:
    /// 2 ms instead of 5, since the first touches most of LLVM's pages. About 10 ms, for a process
    /// that waits for work anyway.
    bool warm = false;
  };

  /// About 1 ms. `source` must outlive the session; it is called on whatever thread materializes.
  static std::unique_ptr<Session> open(SliceSource& source, Options options);
  static std::unique_ptr<Session> open(SliceSource& source) { return open(source, Options{}); }
  virtual ~Session() = default;

  /// The address of the entry with this digest (an EntryFunction of roam/entry.h), materialized on
  /// the calling thread if it is not yet: object from the source if it has one, else compiled from
  /// the slice and the object given to the source. The variables of the slice are initialised,
  /// once, on that thread. Valid until `unload` of the digest or the end of the session. Throws
  /// BadSlice; what the source throws passes through.
  virtual void* entry(const Digest& digest) = 0;

  /// Gives the memory of the entry back: 8 KB, and two to four memory mappings, of which Linux
  /// allows a process 65,530. The caller makes sure that nothing runs in it. Unknown digests are
  /// ignored, and so are slices that use peer-local variables: what these hold may need the code.
  virtual void unload(const Digest& digest) = 0;

  /// What an object depends on besides its slice: CPU, CPU features, LLVM version, optimisation
  /// level. 16 hexadecimal digits; objects are interchangeable between sessions with equal targets.
  virtual std::string target() const = 0;
};

} // namespace roam::jit
