// Repro files are read as they were written, or refused; their folder has limits.
#include "runtime/peer/repro-folder.h"
#include "tests/support/temporary-folder.h"
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

namespace roam::peer {
namespace {

ReproFile fileOf(std::string_view slice) {
  ReproFile file;
  file.entry = Digest::of(slice);
  file.count = 3;
  file.first = 100;
  file.element = 101;
  file.signal = 11;
  file.platform = "x86_64";
  file.what = "it crashed";
  file.slice = slice;
  file.captures = "captures";
  file.arguments = "arguments";
  return file;
}

std::string refusalOf(const std::string& bytes) {
  try {
    ReproFile::read(bytes);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST(ReproFile, IsReadAsItWasWritten) {
  const std::string bytes = fileOf("slice").write();
  ReproFile file = ReproFile::read(bytes);
  EXPECT_EQ(file.write(), bytes);
  EXPECT_EQ(file.entry, Digest::of(std::string_view("slice")));
  EXPECT_EQ(file.count, 3u);
  EXPECT_EQ(file.first, 100u);
  EXPECT_EQ(file.element, 101u);
  EXPECT_EQ(file.signal, 11);
  EXPECT_EQ(file.what, "it crashed");
  EXPECT_EQ(file.slice, "slice");
  EXPECT_EQ(file.captures, "captures");
  EXPECT_EQ(file.arguments, "arguments");
}

TEST(ReproFile, ThatIsDamagedAnywhereIsRefused) {
  const std::string whole = fileOf("slice").write();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] ^= 1;
    EXPECT_NE(refusalOf(damaged), "") << "byte " << i;
    EXPECT_NE(refusalOf(whole.substr(0, i)), "") << "cut at " << i;
  }
  EXPECT_NE(refusalOf(whole + "x"), "");
}

TEST(ReproFile, WhoseSliceIsAnotherIsRefused) {
  ReproFile file = fileOf("slice");
  file.slice = "other";
  EXPECT_NE(refusalOf(file.write()).find("not what the digest says"), std::string::npos);
}

class ReproFolderTest : public testing::Test {
 protected:
  std::size_t files() const {
    std::filesystem::directory_iterator all(path);
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }
  test::TemporaryFolder directory;
  std::filesystem::path path = directory.file("repro");
  ReproFolder folder{path};
};

TEST_F(ReproFolderTest, KeepsTheLatestOfEachDigestForThisUserOnly) {
  std::filesystem::path first = folder.keep(fileOf("one")), second = folder.keep(fileOf("one"));
  EXPECT_EQ(first, second);
  folder.keep(fileOf("two"));
  EXPECT_EQ(files(), 2u);
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(path).permissions(), perms::owner_all);
  EXPECT_EQ(std::filesystem::status(first).permissions(), perms::owner_read | perms::owner_write);
  std::ifstream file(first, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(file), {});
  EXPECT_EQ(ReproFile::read(bytes).slice, "one");
}

TEST_F(ReproFolderTest, HoldsNoMoreFilesThanItsLimit) {
  for (std::size_t i = 0; i < ReproFolder::mostFiles + 5; ++i)
    folder.keep(fileOf("slice " + std::to_string(i)));
  EXPECT_EQ(files(), ReproFolder::mostFiles);
}

TEST_F(ReproFolderTest, RefusesWhatIsTooLargeAndSaysSo) {
  const std::string large(ReproFolder::largestFile, 'x');
  ReproFile file = fileOf("slice");
  file.arguments = large;
  EXPECT_THROW(folder.keep(file), std::runtime_error);
  EXPECT_FALSE(std::filesystem::exists(path));
}

} // namespace
} // namespace roam::peer
