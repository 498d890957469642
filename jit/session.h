// The door to the JIT's linker: turns objects into callable entries in this process. Hides LLVM.
#pragma once
#include "jit/bad-slice.h"
#include "jit/object-source.h"
#include "jit/slice/compiled-object.h"
#include "jit/slice/digest.h"
#include <memory>

namespace roam::jit {

/// A running JIT: LLVM's ORC with JITLink, without LLVM's compiler (jit/slice-compiler.h), so that
/// a process that only links needs 2 MB of LLVM. One a process. Callable from any thread; however
/// many threads ask for a digest at once, it is linked once. An object is linked only after its
/// hash, what it was made from and its target were checked.
///
/// Must be used in an executable that links `roam-jit` itself and a shared libgcc_s: throwing
/// through compiled code costs the same however many entries are loaded, because the executable's
/// `_Unwind_Find_FDE` looks them up in a tree (libgcc 12 walks a list).
class Session {
 public:
  /// About 0.1 ms. `source` must outlive the session; it is called on whatever thread links.
  static std::unique_ptr<Session> open(ObjectSource& source);
  virtual ~Session() = default;

  /// The address of the entry with this digest (an EntryFunction of roam/entry.h), linked on the
  /// calling thread if it is not yet: 0.05 ms for a small object. The variables of the slice are
  /// initialised, once, on that thread. Valid until `replace` or `unload` of the digest or the end
  /// of the session. Throws BadSlice; what the source throws passes through.
  virtual void* entry(const Digest& digest) = 0;

  /// Takes another object of a linked digest from the source, and gives the address of its entry.
  /// It uses the variables of the first object, which stays in memory. The caller makes sure that
  /// nothing runs in it. Once a digest: what replaces stays. Throws as `entry` does; then the first
  /// object is still the one.
  virtual void* replace(const Digest& digest) = 0;

  /// Gives the memory of the entry back: 8 KB, and two to four memory mappings, of which Linux
  /// allows a process 65,530. The caller makes sure that nothing runs in it. Unknown digests are
  /// ignored, and so are slices that use peer-local variables: what these hold may need the code.
  virtual void unload(const Digest& digest) = 0;

  /// The target of tuned code for this machine.
  virtual const ObjectTarget& target() const = 0;
};

} // namespace roam::jit
