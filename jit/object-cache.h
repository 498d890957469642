// Compiled objects on disk, by slice and target: a restarted peer compiles nothing.
//
// One file an object, `<slice digest>-<target key>.o`, whose content is its written form
// (slice/compiled-object.h). Files are written under another name and renamed, so that a file is
// whole or not there, whatever ends the process. What the disk damaged since then is found by its
// hash, and moved into the folder `damaged`.
//
// The folder has a limit in bytes. A file's time of change is the time of its last use; those not
// used for longest are removed first. Several processes may share a folder: what one removes or
// adds is as normal for the others as if they had done so.
#pragma once
#include "jit/slice/compiled-object.h"
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace roam::jit {

/// A folder of objects. Callable from any thread. Never fails: without its folder it holds nothing,
/// and `complaint` says why.
class ObjectCache {
 public:
  /// The largest object that is kept or read: more is damage.
  static constexpr std::size_t objectBytes = 64u << 20;
  /// Of a folder, where nothing else is said: some 100,000 small objects.
  static constexpr std::uint64_t defaultLimit = 1u << 30;

  /// Creates the folder, and those above it, if need be.
  explicit ObjectCache(std::filesystem::path folder, std::uint64_t limitInBytes = defaultLimit);

  /// The written form of the object that was made from this slice for exactly this target, if
  /// there is an undamaged one. One read of the file: 0.05 ms.
  std::optional<std::vector<std::byte>> find(const Digest& slice, const ObjectTarget& target);

  /// Keeps the written form of an object. About 0.1 ms; it is not synced to the disk, since it can
  /// be compiled again. Now and then, when a sixteenth of the limit was written, it goes through
  /// the whole folder: 0.3 s for 100,000 objects. False if it could not be written.
  bool keep(std::span<const std::byte> written);

  /// What went wrong since the last call, for a log: a text for the first failure to write (further
  /// ones are silent until one succeeds), and one for each damaged file. Nothing if all is well.
  std::optional<std::string> complaint();

 private:
  void setAside(const std::filesystem::path& file, const std::string& why);
  void count(std::uint64_t bytesWritten);
  void removeSurplus();
  void complain(std::string text);
  bool failedToWrite(const std::filesystem::path& file, const std::string& why);

  std::filesystem::path folder_;
  std::uint64_t limit_;
  std::mutex mutex_;
  std::string complaints_;
  bool writeFailed_ = false;  ///< and has been complained of
  std::uint64_t notSurveyed_; ///< bytes written since the folder was last gone through
};

} // namespace roam::jit
