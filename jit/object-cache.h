// Compiled objects on disk, by digest and target: a restarted peer compiles nothing.
//
// One file an object, `<64 hex digits>-<target>.o`: a header of 48 bytes, then the object.
//
//     "RoamObj1"   magic and version of this layout, 8 bytes
//     size         of the object in bytes, 8 bytes, little endian
//     digest       BLAKE3-256 of the object, 32 bytes
//
// Files are written under another name and renamed, so that a file is whole or not there. What the
// disk damaged since then is found by its digest, and removed.
#pragma once
#include "jit/slice/digest.h"
#include <cstddef>
#include <filesystem>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roam::jit {

/// A directory of objects. Callable from any thread; processes may share a directory. Never fails:
/// without its directory it holds nothing, and `complaint` says why.
class ObjectCache {
 public:
  /// The largest object that is kept or read: more is damage.
  static constexpr std::size_t objectBytes = 64u << 20;

  /// Creates the directory, and those above it, if need be.
  explicit ObjectCache(std::filesystem::path directory);

  /// The object for a slice and a target (Session::target()), if there is an undamaged one. One
  /// read of the file: 0.05 ms.
  std::optional<std::vector<std::byte>> find(const Digest& slice, std::string_view target);

  /// Keeps an object. About 0.1 ms; it is not synced to the disk, since it can be compiled again.
  /// False if it could not be written.
  bool keep(const Digest& slice, std::string_view target, std::span<const std::byte> object);

  /// What went wrong since the last call, for a log: a text for the first failure to write (further
  /// ones are silent until one succeeds), and one for each damaged file. Nothing if all is well.
  std::optional<std::string> complaint();

 private:
  std::filesystem::path fileOf(const Digest& slice, std::string_view target) const;
  void complain(std::string text);
  void failedToWrite(const std::filesystem::path& file, const std::string& why);

  std::filesystem::path directory_;
  std::mutex mutex_;
  std::string complaints_;
  bool writeFailed_ = false; ///< and has been complained of
};

} // namespace roam::jit
