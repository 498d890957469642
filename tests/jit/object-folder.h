// A folder for an object cache, and objects to keep there.
#pragma once
#include "jit/object-cache.h"
#include "tests/support/temporary-folder.h"
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace roam::jit {

class ObjectFolder : public ::testing::Test {
 protected:
  std::vector<std::byte> objectOf(const Digest& slice, std::string_view code) const {
    return CompiledObject{slice, target, 1, std::as_bytes(std::span(code))}.write();
  }

  /// Not those of folders in it.
  static std::vector<std::filesystem::path> files(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (auto& file : std::filesystem::directory_iterator(folder))
      if (!file.is_directory())
        files.push_back(file.path());
    return files;
  }
  std::filesystem::path onlyFile() const {
    auto all = files(folder);
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? std::filesystem::path() : all[0];
  }

  static std::vector<std::byte> read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(file), {});
    auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
  }
  static void write(const std::filesystem::path& path, std::span<const std::byte> bytes) {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }

  test::TemporaryFolder removed;
  std::filesystem::path folder = removed.path();
  ObjectTarget target{"x86_64-pc-linux-gnu", "cascadelake", {"avx", "avx2"}, "19.1.7"};
};

} // namespace roam::jit
