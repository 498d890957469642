// The limit of the object cache: what is removed, what stays, and what others do meanwhile.
#include "tests/jit/object-folder.h"
#include <signal.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace roam::jit {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::uint64_t block = 4096; ///< what a small object takes on disk

class ObjectCacheLimit : public ObjectFolder {
 protected:
  static Digest slice(int i) { return Digest::of("slice " + std::to_string(i)); }
  std::vector<std::byte> object(int i) const {
    return objectOf(slice(i), "object " + std::to_string(i));
  }
  fs::path fileOf(int i) const {
    return folder / (slice(i).toString() + "-" + target.key() + ".o");
  }
  static void age(const fs::path& file, std::chrono::seconds age) {
    fs::last_write_time(file, fs::file_time_type::clock::now() - age);
  }
  static std::chrono::seconds ageOf(const fs::path& file) {
    return std::chrono::duration_cast<std::chrono::seconds>(fs::file_time_type::clock::now() -
                                                            fs::last_write_time(file));
  }
};

TEST_F(ObjectCacheLimit, RemovesWhatWasNotUsedForLongest) {
  {
    ObjectCache roomy(folder);
    for (int i = 0; i < 16; ++i) {
      ASSERT_TRUE(roomy.keep(object(i)));
      age(fileOf(i), (i == 3 ? 1h : 2h) + i * 1s); // number 15 is the oldest
    }
  }
  ObjectCache cache(folder, 16 * block);
  EXPECT_TRUE(cache.find(slice(15), target)); // and is no longer
  ASSERT_TRUE(cache.keep(object(16)));        // one too much: to seven eighths, so three go
  EXPECT_EQ(files(folder).size(), 14u);
  for (int i : {14, 13, 12})
    EXPECT_FALSE(cache.find(slice(i), target)) << i;
  for (int i : {3, 11, 15, 16})
    EXPECT_EQ(cache.find(slice(i), target), object(i)) << i;
  EXPECT_EQ(cache.complaint(), std::nullopt);
}

TEST_F(ObjectCacheLimit, HoldsHoweverMuchIsWritten) {
  constexpr std::uint64_t limit = 64 * block;
  ObjectCache cache(folder, limit);
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(cache.keep(object(i)));
    ASSERT_LE(files(folder).size() * block, limit + limit / 16) << i;
  }
  EXPECT_TRUE(cache.find(slice(199), target));
}

TEST_F(ObjectCacheLimit, NotesAUseThatIsNewsByAMinute) {
  ObjectCache cache(folder);
  ASSERT_TRUE(cache.keep(object(0)));
  age(fileOf(0), 50s);
  auto before = fs::last_write_time(fileOf(0));
  EXPECT_TRUE(cache.find(slice(0), target));
  EXPECT_EQ(fs::last_write_time(fileOf(0)), before);
  age(fileOf(0), 1h);
  EXPECT_TRUE(cache.find(slice(0), target));
  EXPECT_LT(ageOf(fileOf(0)), 50min);
}

TEST_F(ObjectCacheLimit, RemovesWhatDeadWritersLeftAndNothingOfOthers) {
  fs::path stale = fileOf(1).string() + ".new-17", fresh = fileOf(2).string() + ".new-18";
  for (const fs::path& path : {stale, fresh, folder / "notes.o", folder / "notes"})
    write(path, object(1));
  fs::create_directory(folder / "library");
  for (const fs::path& path : {stale, folder / "notes.o", folder / "notes", folder / "library"})
    age(path, 2h);
  ObjectCache cache(folder, block);
  ASSERT_TRUE(cache.keep(object(0)));
  ASSERT_TRUE(cache.keep(object(3)));
  EXPECT_FALSE(fs::exists(stale));
  for (const fs::path& path : {fresh, folder / "notes.o", folder / "notes", folder / "library"})
    EXPECT_TRUE(fs::exists(path)) << path;
}

TEST_F(ObjectCacheLimit, AnObjectThatIsLargerIsNotKept) {
  ObjectCache cache(folder, 2 * block);
  EXPECT_FALSE(cache.keep(objectOf(slice(0), std::string(3 * block, 'x'))));
  EXPECT_NE(cache.complaint().value_or("").find("it would be"), std::string::npos);
  EXPECT_TRUE(cache.keep(object(1)));
}

TEST_F(ObjectCacheLimit, CachesOfOneFolderRemoveWhatOthersRead) {
  ObjectCache one(folder, 8 * block), two(folder, 8 * block);
  {
    std::vector<std::jthread> threads;
    for (auto* cache : {&one, &two})
      threads.emplace_back([cache, this] {
        for (int i = 0; i < 300; ++i) {
          EXPECT_TRUE(cache->keep(object(i)));
          if (auto found = cache->find(slice(i), target))
            EXPECT_EQ(*found, object(i));
        }
      });
  }
  EXPECT_LE(files(folder).size(), 10u);
  EXPECT_EQ(one.complaint(), std::nullopt);
  EXPECT_EQ(two.complaint(), std::nullopt);
}

TEST_F(ObjectCacheLimit, WhatAKilledWriterLeavesIsWholeOrUnderAnotherName) {
  auto write = [this](int toParent) { // until it is killed
    ObjectCache cache(folder, 16 * 100 * block);
    for (int i = 0;; i = (i + 1) % 40) {
      (void)cache.keep(objectOf(slice(i), std::string(100 * block, 'x')));
      (void)::write(toParent, "", 1);
    }
  };
  for (int kept = 1; kept <= 30; ++kept) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0)
      write(ends[1]);
    close(ends[1]);
    char byte;
    for (int i = 0; i < kept; ++i)
      ASSERT_EQ(::read(ends[0], &byte, 1), 1);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(ends[0]);
    for (const fs::path& file : files(folder))
      if (file.extension() == ".o")
        EXPECT_NO_THROW(CompiledObject::read(read(file))) << file;
  }
  ObjectCache cache(folder);
  for (int i = 0; i < 40; ++i)
    (void)cache.find(slice(i), target);
  EXPECT_EQ(cache.complaint(), std::nullopt);
}

} // namespace
} // namespace roam::jit
