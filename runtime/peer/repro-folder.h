// Where a peer keeps the repro files of calls that ended its workers: one a digest, the latest.
#pragma once
#include "runtime/peer/repro-file.h"
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <utility>

namespace roam::peer {

/// A folder that only this user can read, and that is limited; what was written first goes first.
/// On the loop thread: a file of the largest size takes some milliseconds, and nothing is synced.
class ReproFolder {
 public:
  /// What one file holds, what all do, and how many there are.
  static constexpr std::size_t largestFile = 16u << 20;
  static constexpr std::uint64_t largestFolder = 256u << 20;
  static constexpr std::size_t mostFiles = 64;

  /// Made when there is something to keep. Others may use the same folder.
  explicit ReproFolder(std::filesystem::path path) : path_(std::move(path)) {}

  /// The path of the file. Throws std::runtime_error that says why it can't be kept: too large, or
  /// the disk won't.
  std::filesystem::path keep(const ReproFile& file);

 private:
  void makeRoom(std::uint64_t forBytes);

  std::filesystem::path path_;
};

} // namespace roam::peer
