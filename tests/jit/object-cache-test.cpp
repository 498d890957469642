// Objects on disk: kept, found, damaged, and not kept; limits are tested in
// object-cache-limit-test.cpp.
#include "tests/jit/object-folder.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>

namespace roam::jit {
namespace {

class ObjectCacheTest : public ObjectFolder {
 protected:
  Digest slice = Digest::of("a slice");
  std::vector<std::byte> object = objectOf(slice, "an object");
};

TEST_F(ObjectCacheTest, GivesBackWhatItKeeps) {
  ObjectTarget level0 = target, third = target;
  level0.level = 0;
  third.cpu = "znver3";
  auto slow = CompiledObject{slice, level0, 1, std::as_bytes(std::span("x"))}.write();
  {
    ObjectCache cache(folder);
    EXPECT_EQ(cache.find(slice, target), std::nullopt);
    EXPECT_TRUE(cache.keep(object));
    EXPECT_TRUE(cache.keep(slow));
    EXPECT_EQ(cache.complaint(), std::nullopt);
  }
  ObjectCache cache(folder); // as after a restart
  EXPECT_EQ(cache.find(slice, target), object);
  EXPECT_EQ(cache.find(slice, level0), slow);
  EXPECT_EQ(cache.find(slice, third), std::nullopt);
  EXPECT_EQ(cache.find(Digest::of("another"), target), std::nullopt);
  EXPECT_EQ(cache.complaint(), std::nullopt);
}

TEST_F(ObjectCacheTest, KeepsTheLatest) {
  ObjectCache cache(folder);
  EXPECT_TRUE(cache.keep(objectOf(slice, "old")));
  EXPECT_TRUE(cache.keep(object));
  EXPECT_EQ(cache.find(slice, target), object);
  onlyFile();
}

TEST_F(ObjectCacheTest, MovesWhatIsDamagedAnywhereAsideAndSaysWhy) {
  ObjectCache cache(folder);
  ASSERT_TRUE(cache.keep(object));
  auto file = onlyFile();
  for (std::size_t at = 0; at < object.size(); ++at) {
    auto damaged = object;
    damaged[at] ^= std::byte{0x10};
    write(file, damaged);
    EXPECT_EQ(cache.find(slice, target), std::nullopt) << "byte " << at;
    std::string complaint = cache.complaint().value_or("");
    EXPECT_TRUE(complaint.starts_with(file.string() + ": this compiled object can't be used"));
    EXPECT_EQ(std::ranges::count(complaint, '\n'), 0) << complaint;
    EXPECT_FALSE(exists(file)); // so that the next object takes its place
    EXPECT_EQ(read(folder / "damaged" / file.filename()), damaged);
  }
  EXPECT_TRUE(cache.keep(object));
  EXPECT_EQ(cache.find(slice, target), object);
}

TEST_F(ObjectCacheTest, FindsFilesCutShort) {
  ObjectCache cache(folder);
  ASSERT_TRUE(cache.keep(object));
  auto file = onlyFile();
  for (std::size_t size = 0; size < object.size(); ++size) {
    write(file, std::span(object).first(size));
    EXPECT_EQ(cache.find(slice, target), std::nullopt) << size << " bytes";
    EXPECT_TRUE(cache.complaint());
  }
}

TEST_F(ObjectCacheTest, TrustsNoFileByItsName) {
  ObjectCache cache(folder);
  ASSERT_TRUE(cache.keep(object));
  auto file = onlyFile();
  write(file, objectOf(Digest::of("another"), "of another slice"));
  EXPECT_EQ(cache.find(slice, target), std::nullopt);
  EXPECT_NE(cache.complaint().value_or("").find("it was made from another slice: " +
                                                Digest::of("another").toString()),
            std::string::npos);
  ObjectTarget other = target;
  other.features.push_back("avx512f");
  write(file, CompiledObject{slice, other, 1, std::as_bytes(std::span("x"))}.write());
  EXPECT_EQ(cache.find(slice, target), std::nullopt);
  EXPECT_NE(cache.complaint().value_or("").find("it is for another target: " + other.toText()),
            std::string::npos);
}

TEST_F(ObjectCacheTest, KeepsSixteenDamagedFilesAtMost) {
  ObjectCache cache(folder);
  for (int i = 0; i < 20; ++i) {
    Digest digest = Digest::of("slice " + std::to_string(i));
    ASSERT_TRUE(cache.keep(objectOf(digest, "an object")));
    write(onlyFile(), {});
    EXPECT_EQ(cache.find(digest, target), std::nullopt);
  }
  EXPECT_EQ(files(folder / "damaged").size(), 16u);
}

TEST_F(ObjectCacheTest, KeepsNothingThatIsNoObject) {
  ObjectCache cache(folder);
  object[50] ^= std::byte{1};
  EXPECT_FALSE(cache.keep(object));
  EXPECT_NE(cache.complaint().value_or("").find("damaged"), std::string::npos);
  EXPECT_TRUE(files(folder).empty());
}

TEST_F(ObjectCacheTest, SaysOnceThatItCannotWrite) {
  std::ofstream(folder / "file") << "not a folder";
  ObjectCache cache(folder / "file" / "cache");
  EXPECT_NE(cache.complaint().value_or("").find("can't keep compiled objects"), std::string::npos);
  EXPECT_FALSE(cache.keep(object));
  EXPECT_FALSE(cache.keep(object));
  EXPECT_EQ(cache.complaint(), std::nullopt);
  EXPECT_EQ(cache.find(slice, target), std::nullopt);
  std::filesystem::remove(folder / "file");
  EXPECT_TRUE(cache.keep(object)); // as soon as it can
  EXPECT_EQ(cache.find(slice, target), object);
}

TEST_F(ObjectCacheTest, CarriesOnWhenItsFolderIsRemoved) {
  ObjectCache cache(folder / "a" / "b");
  ASSERT_TRUE(cache.keep(object));
  std::filesystem::remove_all(folder / "a");
  EXPECT_EQ(cache.find(slice, target), std::nullopt);
  EXPECT_TRUE(cache.keep(object));
  EXPECT_EQ(cache.find(slice, target), object);
  EXPECT_EQ(cache.complaint(), std::nullopt);
}

TEST_F(ObjectCacheTest, CarriesOnWhenTheDiskIsFullAndRecovers) {
  ObjectCache cache(folder);
  struct rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  auto oldHandler = signal(SIGXFSZ, SIG_IGN);
  struct rlimit tight = before;
  tight.rlim_cur = 50; // not all of the object fits
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  EXPECT_FALSE(cache.keep(object));
  EXPECT_FALSE(cache.keep(object));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, oldHandler);
  EXPECT_EQ(std::ranges::count(cache.complaint().value_or("none\nor two"), '\n'), 0);
  EXPECT_TRUE(files(folder).empty()); // nothing half written stays
  EXPECT_TRUE(cache.keep(object));
  EXPECT_EQ(cache.find(slice, target), object);
}

TEST_F(ObjectCacheTest, IsWholeOrAbsentForManyWritersAndReaders) {
  ObjectCache cache(folder);
  auto one = objectOf(slice, std::string(50'000, '1')),
       two = objectOf(slice, std::string(70'000, '2'));
  {
    std::vector<std::jthread> threads;
    for (auto* each : {&one, &two})
      threads.emplace_back([&cache, each] {
        for (int i = 0; i < 100; ++i)
          EXPECT_TRUE(cache.keep(*each));
      });
    for (int i = 0; i < 200; ++i)
      if (auto found = cache.find(slice, target))
        EXPECT_TRUE(*found == one || *found == two);
  }
  EXPECT_EQ(cache.complaint(), std::nullopt);
  onlyFile();
}

TEST_F(ObjectCacheTest, KeepsWhatSeveralCachesOfOneFolderWriteAtOnce) {
  auto large = objectOf(slice, std::string(50'000, '1'));
  ObjectCache one(folder), two(folder); // as two processes with the same number
  {
    std::vector<std::jthread> threads;
    for (auto* cache : {&one, &two})
      threads.emplace_back([cache, &large] {
        for (int i = 0; i < 200; ++i)
          EXPECT_TRUE(cache->keep(large));
      });
  }
  EXPECT_EQ(one.complaint(), std::nullopt);
  EXPECT_EQ(two.complaint(), std::nullopt);
  EXPECT_EQ(one.find(slice, target), large);
  onlyFile();
}

TEST_F(ObjectCacheTest, TakesAFileThatIsTooLargeForDamage) {
  ObjectCache cache(folder);
  for (std::uintmax_t size : {ObjectCache::objectBytes + 1, std::size_t{1} << 43}) {
    ASSERT_TRUE(cache.keep(object));
    std::filesystem::resize_file(onlyFile(), size); // one hole
    EXPECT_EQ(cache.find(slice, target), std::nullopt);
    EXPECT_TRUE(cache.complaint());
    EXPECT_TRUE(files(folder).empty());
  }
}

TEST_F(ObjectCacheTest, DoesNotWaitForAPipe) {
  ObjectCache cache(folder);
  ASSERT_TRUE(cache.keep(object));
  auto path = onlyFile();
  std::filesystem::remove(path);
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(cache.find(slice, target), std::nullopt);
  EXPECT_TRUE(cache.keep(object));
  EXPECT_EQ(cache.find(slice, target), object);
}

} // namespace
} // namespace roam::jit
