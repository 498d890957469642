// Entries of a library that was built with the option `linked`: found under the digests that an
// origin sends, and with the results of their slices.
#include "roam/buffer.h"
#include "runtime/peer/linked-entries.h"
#include "tests/runtime/peer/linked/library.h"
#include <algorithm>
#include <cfenv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <gtest/gtest.h>

namespace roam::peer {
namespace {

using testing::Sent;

/// The library as the origin has it.
class Origin {
 public:
  explicit Origin(const char* path) : library_(dlopen(path, RTLD_NOW | RTLD_LOCAL)) {
    if (!library_)
      throw std::runtime_error(dlerror());
  }

  /// What peers know the closure by.
  Digest digestOf(const std::string& name) {
    auto begin = reinterpret_cast<const EntryRecord*>(call<const char*>("recordsOfFunctions"));
    auto end = reinterpret_cast<const EntryRecord*>(call<const char*>("recordsOfFunctionsEnd"));
    for (const Sent* sent = call<const Sent*>("sentClosures"); sent->name; ++sent)
      if (sent->name == name)
        return packer_.pack(*sent->entry, {begin, end}).digest;
    throw std::runtime_error("no closure " + name);
  }

 private:
  template <class Result>
  Result call(const char* name) {
    return reinterpret_cast<Result (*)()>(dlsym(library_, name))();
  }

  void* library_;
  CodePacker packer_;
};

/// Calls an entry that captures these, and gives its one result.
template <class Result, class... Captures>
Result run(EntryFunction* entry, Captures... captures) {
  Buffer encoded, results;
  (encoded.write(&captures, sizeof captures), ...);
  EXPECT_EQ(entry(encoded.data, encoded.size, nullptr, 0, 1, &results), Outcome::done);
  Result result{};
  EXPECT_EQ(results.size, sizeof result);
  std::memcpy(&result, results.data, sizeof result);
  return result;
}

class LinkedEntriesOfALibrary : public ::testing::Test {
 protected:
  void SetUp() override { entries_.load(ROAM_LINKED_LIBRARY); }
  EntryFunction* find(const std::string& name) { return entries_.find(origin_.digestOf(name)); }

  Origin origin_{ROAM_NOT_LINKED_LIBRARY};
  LinkedEntries entries_;
};

TEST_F(LinkedEntriesOfALibrary, AnswerClosuresOfAProgramBuiltSeparately) {
  ASSERT_TRUE(find("triple"));
  EXPECT_EQ(run<int>(find("triple"), 14), 42);
}

TEST_F(LinkedEntriesOfALibrary, CallFunctionsOfOtherFiles) {
  ASSERT_TRUE(find("fee"));
  EXPECT_EQ(run<int>(find("fee"), 3), 22);
  EXPECT_THROW(run<int>(find("fee"), 101), std::out_of_range);
}

TEST_F(LinkedEntriesOfALibrary, HaveTheirVariablesInitialised) {
  ASSERT_TRUE(find("price"));
  EXPECT_EQ(run<int>(find("price"), 1), 7);
}

TEST_F(LinkedEntriesOfALibrary, SayWhichInitialiserThrew) {
  setenv("ROAM_TEST_REFUSES", "1", 1);
  for (int i = 0; i < 2; ++i)
    try {
      find("fails");
      FAIL();
    } catch (const std::runtime_error& error) {
      EXPECT_EQ(error.what(), "slice " + origin_.digestOf("fails").shortened() +
                                  " has a variable whose initialiser threw "
                                  "std::invalid_argument: no prices today");
    }
  unsetenv("ROAM_TEST_REFUSES");
}

TEST_F(LinkedEntriesOfALibrary, KeepTheirStatics) {
  ASSERT_TRUE(find("static") && find("thread_local"));
  EXPECT_EQ(run<int>(find("static"), 1), 1);
  EXPECT_EQ(run<int>(find("static"), 1), 2);
  EXPECT_EQ(run<int>(find("thread_local"), -4), 4);
  EXPECT_EQ(run<int>(find("thread_local"), 5), 9);
}

TEST_F(LinkedEntriesOfALibrary, RoundProductsAlthoughTheLibraryMayFuseThem) {
  ASSERT_TRUE(find("fused"));
  double a = 1 + 0x1p-30, b = 1 - 0x1p-30;
  volatile double product = a * b; // 1, rounded
  EXPECT_NE(std::fma(a, b, -1.0), product - 1);
  EXPECT_EQ(run<double>(find("fused"), a, b, -1.0), product - 1);
}

TEST_F(LinkedEntriesOfALibrary, AreNotThereIfTheyNeedWhatOnlyAJitGives) {
  EXPECT_FALSE(find("counted")) << "each slice group has a static of its own";
  EXPECT_FALSE(find("bulk")) << "the constant of another file";
  EXPECT_FALSE(find("peer-local"));
}

TEST_F(LinkedEntriesOfALibrary, AreListedByDigest) {
  std::vector<Digest> digests = entries_.digests();
  EXPECT_EQ(digests.size(), 7u);
  EXPECT_EQ(std::ranges::count(digests, origin_.digestOf("fee")), 1);
}

TEST(LinkedEntries, AreNotInLibrariesBuiltWithout) {
  LinkedEntries entries;
  try {
    entries.load(ROAM_NOT_LINKED_LIBRARY);
    FAIL();
  } catch (const std::runtime_error& error) {
    std::string text = error.what();
    EXPECT_NE(text.find(ROAM_NOT_LINKED_LIBRARY " holds no linked entries"), std::string::npos);
    EXPECT_NE(text.find("roam_linked(TARGET)"), std::string::npos) << text;
  }
}

TEST(LinkedEntries, SayWhyALibraryCannotBeLoaded) {
  LinkedEntries entries;
  try {
    entries.load("/nowhere/libapp.so");
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "can't load a library: /nowhere/libapp.so: cannot open shared "
                               "object file: No such file or directory");
  }
}

} // namespace
} // namespace roam::peer
