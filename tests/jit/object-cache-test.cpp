// Objects on disk: kept, found, damaged, and not kept.
#include "jit/object-cache.h"
#include <fstream>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>

namespace roam::jit {
namespace {

class ObjectCacheTest : public ::testing::Test {
 protected:
  ObjectCacheTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "roam-objects-XXXXXX").string();
    directory = mkdtemp(pattern.data());
  }
  ~ObjectCacheTest() override { std::filesystem::remove_all(directory); }

  std::filesystem::path onlyFile() const {
    std::vector<std::filesystem::path> files;
    for (auto& file : std::filesystem::directory_iterator(directory))
      files.push_back(file.path());
    EXPECT_EQ(files.size(), 1u);
    return files.empty() ? std::filesystem::path() : files[0];
  }
  bool empty() const { return std::filesystem::is_empty(directory); }

  static std::vector<std::byte> bytes(std::string_view text) {
    auto all = std::as_bytes(std::span(text));
    return {all.begin(), all.end()};
  }

  std::filesystem::path directory;
  Digest slice = Digest::of("a slice");
  std::vector<std::byte> object = bytes("an object");
};

TEST_F(ObjectCacheTest, GivesBackWhatItKeeps) {
  {
    ObjectCache cache(directory);
    EXPECT_EQ(cache.find(slice, "cpu"), std::nullopt);
    EXPECT_TRUE(cache.keep(slice, "cpu", object));
    EXPECT_TRUE(cache.keep(slice, "other", bytes("")));
    EXPECT_EQ(cache.complaint(), std::nullopt);
  }
  ObjectCache cache(directory); // as after a restart
  EXPECT_EQ(cache.find(slice, "cpu"), object);
  EXPECT_EQ(cache.find(slice, "other"), bytes(""));
  EXPECT_EQ(cache.find(slice, "third"), std::nullopt);
  EXPECT_EQ(cache.find(Digest::of("another"), "cpu"), std::nullopt);
  EXPECT_EQ(cache.complaint(), std::nullopt);
}

TEST_F(ObjectCacheTest, KeepsTheLatest) {
  ObjectCache cache(directory);
  EXPECT_TRUE(cache.keep(slice, "cpu", bytes("old")));
  EXPECT_TRUE(cache.keep(slice, "cpu", object));
  EXPECT_EQ(cache.find(slice, "cpu"), object);
  onlyFile();
}

TEST_F(ObjectCacheTest, FindsDamageWhereverItIs) {
  ObjectCache cache(directory);
  ASSERT_TRUE(cache.keep(slice, "cpu", object));
  auto size = std::filesystem::file_size(onlyFile());
  for (std::uintmax_t at = 0; at < size; ++at) {
    ASSERT_TRUE(cache.keep(slice, "cpu", object));
    {
      std::fstream file(onlyFile(), std::ios::in | std::ios::out | std::ios::binary);
      file.seekg(static_cast<std::streamoff>(at));
      char byte = static_cast<char>(file.get() ^ 0x10);
      file.seekp(static_cast<std::streamoff>(at));
      file.put(byte);
    }
    EXPECT_EQ(cache.find(slice, "cpu"), std::nullopt) << "byte " << at;
    EXPECT_NE(cache.complaint().value_or("").find("damaged"), std::string::npos);
    EXPECT_TRUE(empty()); // so that the next object takes its place
  }
}

TEST_F(ObjectCacheTest, FindsFilesCutShort) {
  ObjectCache cache(directory);
  ASSERT_TRUE(cache.keep(slice, "cpu", object));
  for (auto size = std::filesystem::file_size(onlyFile()); size-- > 0;) {
    ASSERT_TRUE(cache.keep(slice, "cpu", object));
    std::filesystem::resize_file(onlyFile(), size);
    EXPECT_EQ(cache.find(slice, "cpu"), std::nullopt) << size << " bytes";
    EXPECT_TRUE(cache.complaint());
  }
}

TEST_F(ObjectCacheTest, SaysOnceThatItCannotWrite) {
  std::ofstream(directory / "file") << "not a directory";
  ObjectCache cache(directory / "file" / "cache");
  EXPECT_NE(cache.complaint().value_or("").find("can't keep compiled objects"), std::string::npos);
  EXPECT_FALSE(cache.keep(slice, "cpu", object));
  EXPECT_FALSE(cache.keep(slice, "cpu", object));
  EXPECT_EQ(cache.complaint(), std::nullopt);
  EXPECT_EQ(cache.find(slice, "cpu"), std::nullopt);
}

TEST_F(ObjectCacheTest, CarriesOnWhenTheDiskIsFullAndRecovers) {
  ObjectCache cache(directory);
  struct rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  auto oldHandler = signal(SIGXFSZ, SIG_IGN);
  struct rlimit tight = before;
  tight.rlim_cur = 50; // the header fits, the object does not
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  EXPECT_FALSE(cache.keep(slice, "cpu", object));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, oldHandler);
  EXPECT_TRUE(cache.complaint());
  EXPECT_TRUE(empty()); // nothing half written stays
  EXPECT_TRUE(cache.keep(slice, "cpu", object));
  EXPECT_EQ(cache.find(slice, "cpu"), object);
}

TEST_F(ObjectCacheTest, IsWholeOrAbsentForManyWritersAndReaders) {
  ObjectCache cache(directory);
  std::vector<std::byte> one(50'000, std::byte{1}), two(70'000, std::byte{2});
  {
    std::vector<std::jthread> threads;
    for (auto* each : {&one, &two})
      threads.emplace_back([&cache, each, this] {
        for (int i = 0; i < 100; ++i)
          EXPECT_TRUE(cache.keep(slice, "cpu", *each));
      });
    for (int i = 0; i < 200; ++i)
      if (auto found = cache.find(slice, "cpu"))
        EXPECT_TRUE(*found == one || *found == two);
  }
  EXPECT_EQ(cache.complaint(), std::nullopt);
  onlyFile();
}

TEST_F(ObjectCacheTest, KeepsWhatSeveralCachesOfOneDirectoryWriteAtOnce) {
  std::vector<std::byte> large(50'000, std::byte{1});
  ObjectCache one(directory), two(directory); // as two processes with the same number
  {
    std::vector<std::jthread> threads;
    for (auto* cache : {&one, &two})
      threads.emplace_back([cache, &large, this] {
        for (int i = 0; i < 200; ++i)
          EXPECT_TRUE(cache->keep(slice, "cpu", large));
      });
  }
  EXPECT_EQ(one.complaint(), std::nullopt);
  EXPECT_EQ(two.complaint(), std::nullopt);
  EXPECT_EQ(one.find(slice, "cpu"), large);
  onlyFile();
}

TEST_F(ObjectCacheTest, RemovesAFileThatIsTooLargeForAnObject) {
  ObjectCache cache(directory);
  constexpr std::uintmax_t most = 48 + ObjectCache::objectBytes;
  for (std::uintmax_t size : {most + 1, std::uintmax_t{1} << 43}) {
    ASSERT_TRUE(cache.keep(slice, "cpu", object));
    std::filesystem::resize_file(onlyFile(), size); // one hole
    EXPECT_EQ(cache.find(slice, "cpu"), std::nullopt);
    EXPECT_NE(cache.complaint().value_or("").find("damaged"), std::string::npos);
    EXPECT_TRUE(empty());
  }
}

TEST_F(ObjectCacheTest, DoesNotWaitForAPipe) {
  ObjectCache cache(directory);
  ASSERT_TRUE(cache.keep(slice, "cpu", object));
  auto path = onlyFile();
  std::filesystem::remove(path);
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(cache.find(slice, "cpu"), std::nullopt);
  EXPECT_TRUE(cache.keep(slice, "cpu", object));
  EXPECT_EQ(cache.find(slice, "cpu"), object);
}

} // namespace
} // namespace roam::jit
