// The entry: the bytes-in, bytes-out function the plugin makes for a closure, and its calling
// convention.
#pragma once
#include <cstddef>
#include <cstdint>

namespace roam {

class SavedObjects;
class FunctionList;

/// Where an entry writes its results. C layout, owned by whoever calls the entry; the slice needs
/// no symbol of the host.
struct Output {
  char* data = nullptr;
  std::size_t size = 0;     ///< bytes written
  std::size_t capacity = 0; ///< bytes there is room for
  /// Makes `capacity - size >= more` true, or throws (std::bad_alloc, or the limit that was met).
  /// May move `data`.
  void (*grow)(Output*, std::size_t more) = nullptr;
  /// Set when a call throws: which element of the chunk it was, counted from 0.
  std::uint64_t element = 0;
  /// The shared objects saved so far, while a value is saved that may hold some; else null.
  SavedObjects* saved = nullptr;
  /// Collects the functions that captures point to; null where function pointers can't travel, in
  /// arguments and results.
  FunctionList* functions = nullptr;

  /// Room for `bytes` more bytes, which count as written. The pointer is valid until the next call.
  char* room(std::size_t bytes) {
    if (capacity - size < bytes)
      grow(this, bytes);
    char* at = data + size;
    size += bytes;
    return at;
  }
  void write(const void* from, std::size_t bytes) {
    // Not std::memcpy: under _FORTIFY_SOURCE that is another function, and every digest would
    // change.
    __builtin_memcpy(room(bytes), from, bytes);
  }
};

/// A function that captures refer to by its place in their list.
struct SentFunction {
  const void* address; ///< known once in the list by it
  const char* name;    ///< of its slice; null if that is to be found by the address
};

/// What an entry returns. Exceptions of the shipped code leave the entry as C++ exceptions.
enum class Outcome : int {
  done = 0,
  badCaptures = 1, ///< the captures were cut short or had bytes left over
  badArguments =
      2, ///< the arguments of some element were cut short, or bytes were left over after the last
};

/// Rebuilds the closure from `captures` once, then calls it `count` times on the encoded arguments
/// one after another, and appends each encoded result to `out`. Reads nothing outside the given
/// ranges, whatever they hold. Callable from any thread.
using EntryFunction = Outcome(const char* captures, std::size_t capturesSize, const char* arguments,
                              std::size_t argumentsSize, std::uint64_t count, Output* out);

/// A record of the manifest (jit/slice/manifest.h); programs only pass its address on.
struct EntryRecord;

} // namespace roam
