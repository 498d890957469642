// The border between the templates of this folder and the library: a call is started with bytes and
// gives bytes.
//
// Not for programs. A call is one map, reduction or single call. The templates encode captures,
// hand the library a function that encodes a run of arguments, and decode the results chunk by
// chunk on the caller's thread.
#pragma once
#include "roam/api.h"
#include "roam/entry.h"
#include "roam/options.h"
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <typeinfo>
#include <utility>

namespace roam {
class Cluster;
}

/// Set by the linker around the section of these records, in each executable and shared library.
extern "C" __attribute__((weak, visibility("hidden"))) const char __start_roam_functions[];
extern "C" __attribute__((weak, visibility("hidden"))) const char __stop_roam_functions[];
/// The same around the names of functions whose addresses are taken.
extern "C" __attribute__((weak, visibility("hidden"))) const char __start_roam_addresses[];
extern "C" __attribute__((weak, visibility("hidden"))) const char __stop_roam_addresses[];

/// The same around what may be behind a std::function or a pointer to a base class.
extern "C" __attribute__((weak, visibility("hidden"))) const char __start_roam_held[];
extern "C" __attribute__((weak, visibility("hidden"))) const char __stop_roam_held[];

namespace roam::detail {

class LiveName;
struct LinkedSections;
/// The name in the only cluster that this process is connected to. Throws Error if there is none,
/// or more than one.
ROAM_API LiveName nameInTheOnlyCluster(std::string_view name, std::string_view signature);

/// What the library needs to know of a call. All bytes are copied when it is started, but for what
/// `source` refers to.
struct CallSpec {
  /// In place of an entry: the call is of what the name is bound to.
  const LiveName* name = nullptr;
  /// What is linked there may be run on the calling thread, before `start` returns; null: nothing.
  const LinkedSections* linked = nullptr;
  const EntryRecord* entry = nullptr;
  /// The records of the functions that other files may call, of the executable or shared library
  /// that `entry` lies in: bytes from `functions` to `functionsEnd`. Both null if it has none.
  const char* functions = nullptr;
  const char* functionsEnd = nullptr;
  /// Names of functions by their addresses, of the same executable or library: bytes likewise.
  const char* addresses = nullptr;
  const char* addressesEnd = nullptr;
  /// The functions that the captures refer to by their place here.
  const SentFunction* targets = nullptr;
  std::size_t targetCount = 0;
  const char* captures = nullptr;
  std::size_t capturesSize = 0;
  std::uint64_t count = 1; ///< elements
  /// Appends the encoded arguments of elements [first, first + count). Called on the cluster's loop
  /// thread, again for a chunk whose peer was lost. Null if the arguments are given at once.
  void (*encode)(const void* source, std::uint64_t first, std::uint64_t count,
                 Output& out) = nullptr;
  const void* source = nullptr; ///< stays valid until the call is released
  const char* arguments = nullptr;
  std::size_t argumentsSize = 0;
  /// Only on the peer with this index in Cluster::peers(); any peer if negative.
  int peer = -1;
  /// Chunk borders must not depend on timing or on the number of peers (reductions).
  bool fixedChunks = false;
  std::uint64_t chunk = 0;
  double deadlineSeconds = 0;
  /// A map or the like: its chunks may run again, and at two peers at the same time.
  bool isOverRange = false;
  bool idempotent = false;
  unsigned retries = 0;
  /// Hears what the code prints, from within `Call::next` and `Call::waitFor`; null: nobody. Valid
  /// until the call is released.
  const OutputFunction* output = nullptr;
};

/// What a name is to be bound to: the entry and captures of `call`.
struct BindSpec {
  std::string_view name, signature;
  CallSpec call;
};

/// The results of one chunk. The bytes live until the chunk is destroyed or given to the next
/// nextChunk.
class ROAM_API CompletedChunk {
 public:
  CompletedChunk() = default;
  CompletedChunk(CompletedChunk&& other) noexcept;
  CompletedChunk& operator=(CompletedChunk&& other) noexcept;
  ~CompletedChunk();

  std::uint64_t first = 0, count = 0;
  const char* results = nullptr;
  std::size_t size = 0;
  void* owner = nullptr;
};

struct CallState;

/// One running call, owned. Dropping it cancels what has not begun and waits until `source` is no
/// longer used.
class ROAM_API Call {
 public:
  Call() = default;
  explicit Call(CallState* state) : state_(state) {}
  Call(Call&& other) noexcept : state_(other.state_) { other.state_ = nullptr; }
  Call& operator=(Call&& other) noexcept;
  ~Call();

  explicit operator bool() const { return state_ != nullptr; }
  /// What CallSpec::output referred to, to be owned by the call from now on.
  void keep(OutputFunction output);

  /// Waits for the next chunk of results, in the order they complete. False when all were given.
  /// Throws what went wrong with the call: of several elements that threw, the one with the lowest
  /// index, as a plain loop would have.
  bool next(CompletedChunk& chunk);
  /// Waits until `next` would not block, at most that long. True if so.
  bool waitFor(Duration duration);
  /// Ends the call: `next` throws Cancelled from now on, unless all results are here already.
  /// Chunks that have begun run to their end on the peer and their results are dropped.
  void cancel();

 private:
  CallState* state_ = nullptr;
};

/// Throws the error for a result that was asked for twice.
[[noreturn]] ROAM_API void throwNoResult();
/// Throws the error for something behind a std::function or a pointer to a base class that cannot
/// be sent, since its type is not known where it is sent, or cannot travel.
[[noreturn]] ROAM_API void refuseHeld(const std::type_info& holder, const std::type_info& type);
/// Throws the error for results that can't be decoded: the peer's code and ours disagree.
[[noreturn]] ROAM_API void throwDamagedResults(std::uint64_t first);

} // namespace roam::detail
