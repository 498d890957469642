// The examples give what the same work without Roam gives.
#include "tests/e2e/peers.h"
#include "tests/support/etcd-process.h"
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <png.h>
#include <regex>
#include <sstream>

namespace roam::e2e {
namespace {

class Examples : public EndToEnd {
 protected:
  static Ended runExample(const std::string& name, std::vector<std::string> arguments = {},
                          const std::vector<std::string>& environment = {}) {
    arguments.insert(arguments.begin(), builtProgram(name));
    return run(arguments, environment);
  }
};

// --- hello -------------------------------------------------------------------------------------

TEST_F(Examples, HelloGreetsFromEveryPeerAndConvertsEuros) {
  Peers peers(2);
  Ended ended = runExample("hello", {}, {"ROAM_JOIN=" + peers.addresses()});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  std::istringstream lines(ended.output);
  for (auto& peer : peers) {
    std::string line;
    std::getline(lines, line);
    EXPECT_NE(line.find(":" + std::to_string(peer->id()) + ": hello from process "),
              std::string::npos)
        << line;
  }
  std::string rest((std::istreambuf_iterator<char>(lines)), std::istreambuf_iterator<char>());
  EXPECT_EQ(rest, "1.650\n4.125\n165.000\n");
}

TEST_F(Examples, HelloRunsWithNothingConfigured) {
  Ended ended = runExample("hello");
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_TRUE(ended.output.ends_with("\n1.650\n4.125\n165.000\n")) << ended.output;
}

// --- captures ----------------------------------------------------------------------------------

TEST_F(Examples, CapturesArriveAsTheyWere) {
  Ended ended = runExample("captures");
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(ended.output, "1 tea: 8.330000, 2 loaded at Hamburg via Kassel\n"
                          "10 tea: 29.155000, 20 loaded at Hamburg via Kassel\n"
                          "100 tea: 243.355000, 200 loaded at Hamburg via Kassel\n");
}

// --- word-count --------------------------------------------------------------------------------

using Counts = std::map<std::string, std::uint64_t>;

/// Lines of "COUNT WORD".
Counts countsIn(const std::string& text) {
  Counts counts;
  std::istringstream lines(text);
  std::uint64_t count;
  for (std::string word; lines >> count >> word;)
    EXPECT_TRUE(counts.emplace(word, count).second) << word << " twice";
  return counts;
}

/// What the tools of the system count. A line end is added to every file, since a word does not go
/// on in the next one.
Counts countedByTheShell(const std::string& folder) {
  Ended ended = run({"/bin/sh", "-c",
                     "find -L \"$1\" -type f -exec sh -c 'cat \"$1\"; echo' _ {} \\; |"
                     " tr -cs A-Za-z '\\n' | tr A-Z a-z | grep . | sort | uniq -c",
                     "sh", folder},
                    {"LC_ALL=C"});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  return countsIn(ended.output);
}

void write(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

TEST_F(Examples, WordCountEqualsTheShellsOnOddFiles) {
  TemporaryFolder folder;
  std::filesystem::path root = folder.path();
  write(root / "plain.txt", "One fish, two fish;\nred fish -- BLUE fish.\n");
  write(root / "empty", "");
  write(root / "no end of line", "fish");
  write(root / "deep/er/still", "it's l'été in two-word 3D");
  write(root / "bytes", std::string("a\0b\xFF\xFE"
                                    "c\r\nD\tE",
                                    11));
  write(root / "long", std::string(300'000, 'x') + " " + std::string(3, 'Y'));
  Peers peers(2);
  Ended ended = runExample("word-count", {"--all", root}, {"ROAM_JOIN=" + peers.addresses()});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  Counts counts = countsIn(ended.output);
  EXPECT_EQ(counts, countedByTheShell(root));
  EXPECT_EQ(counts["fish"], 5u);
}

TEST_F(Examples, WordCountEqualsTheShellsOnTheMachinesLicences) {
  std::string folder = "/usr/share/common-licenses";
  Ended ended = runExample("word-count", {"--all", folder});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  Counts counts = countsIn(ended.output);
  EXPECT_GT(counts.size(), 1000u);
  EXPECT_EQ(counts, countedByTheShell(folder));
}

TEST_F(Examples, WordCountPrintsTheTenMostFrequentFirst) {
  Ended ended = runExample("word-count", {"/usr/share/common-licenses"});
  Counts all = countedByTheShell("/usr/share/common-licenses");
  std::istringstream lines(ended.output);
  std::uint64_t count, last = ~std::uint64_t(0);
  std::size_t printed = 0;
  for (std::string word; lines >> count >> word; ++printed) {
    EXPECT_EQ(count, all[word]) << word;
    EXPECT_LE(count, last);
    last = count;
  }
  EXPECT_EQ(printed, 10u);
  auto more = std::count_if(all.begin(), all.end(), [&](auto& each) { return each.second > last; });
  EXPECT_LT(more, 10);
}

// --- across-files ------------------------------------------------------------------------------

TEST_F(Examples, AcrossFilesPricesItsParcels) {
  Peers peers(2);
  Ended ended = runExample("across-files", {}, {"ROAM_JOIN=" + peers.addresses()});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(ended.output, "97DF1362    3.00 l   4.99 EUR\n"
                          "92A824F8   72.00 l  16.49 EUR\n"
                          "B20A0325    8.75 l   9.49 EUR\n"
                          "BACAB22F  125.00 l  16.49 EUR\n");
}

// --- mandelbrot --------------------------------------------------------------------------------

struct Picture {
  unsigned width = 0, height = 0;
  std::vector<std::uint8_t> pixels; // red, green, blue
};

Picture readPng(const std::string& path) {
  Picture picture;
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_file(&image, path.c_str())) {
    ADD_FAILURE() << path << ": " << image.message;
    return picture;
  }
  image.format = PNG_FORMAT_RGB;
  picture.width = image.width;
  picture.height = image.height;
  picture.pixels.resize(PNG_IMAGE_SIZE(image));
  EXPECT_TRUE(png_image_finish_read(&image, nullptr, picture.pixels.data(), 0, nullptr))
      << image.message;
  return picture;
}

/// How many steps z = z*z + c stays within 2, at most 1000.
int stepsAt(double cr, double ci) {
  double zr = 0, zi = 0;
  int steps = 0;
  for (; steps < 1000 && zr * zr + zi * zi < 4; ++steps) {
    double next = zr * zr - zi * zi + cr;
    zi = 2 * zr * zi + ci;
    zr = next;
  }
  return steps;
}

TEST_F(Examples, MandelbrotDrawsTheSetItIsNamedAfter) {
  TemporaryFolder folder;
  std::string path = folder.path() + "/set.png";
  Peers peers(2);
  Ended ended = runExample("mandelbrot", {path, "150", "100"}, {"ROAM_JOIN=" + peers.addresses()});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(ended.errors.find('%'), std::string::npos) << "no progress bar without a terminal";
  Picture picture = readPng(path);
  ASSERT_EQ(picture.width, 150u);
  ASSERT_EQ(picture.height, 100u);
  unsigned inside = 0, wrong = 0;
  for (unsigned y = 0; y < picture.height; ++y)
    for (unsigned x = 0; x < picture.width; ++x) {
      const std::uint8_t* pixel = &picture.pixels[3 * (y * picture.width + x)];
      int steps = stepsAt(3.0 * x / picture.width - 2.2, 2.4 * y / picture.height - 1.2);
      inside += steps == 1000;
      bool black = pixel[0] == 0 && pixel[1] == 0 && pixel[2] == 0;
      int red = steps == 1000 ? 0 : int(255 * (steps % 64 / 64.0));
      wrong += black != (steps == 1000) || pixel[0] != red;
    }
  EXPECT_EQ(wrong, 0u);
  EXPECT_GT(inside, 1000u) << "of 15,000 pixels about a fifth";
}

TEST_F(Examples, MandelbrotRefusesASizeThatIsNone) {
  EXPECT_EQ(runExample("mandelbrot", {"none.png", "0", "10"}).status, 2);
  Ended ended = runExample("mandelbrot", {"/does/not/exist.png", "3", "2"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_NE(ended.errors.find("/does/not/exist.png"), std::string::npos) << ended.errors;
}

// --- bundle ------------------------------------------------------------------------------------

TEST_F(Examples, APeerWithABundleCountsWordsWithoutCodeOfOthersAndWithoutLlvm) {
  TemporaryFolder folder;
  write(std::filesystem::path(folder.path()) / "fish", "one fish, two fish, red fish");
  Ended ended =
      run({"/bin/bash", ROAM_TEST_TREE "/examples/06-bundle/run.sh",
           std::filesystem::path(builtProgram("roam")).parent_path().parent_path(), folder.path()});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  for (const char* part : {"       3 fish\n", "word-count.cpp:",
                           "slices received: 0, compiled: 0, taken from the bundle: 1\n",
                           "libLLVM is mapped in none of the peer's processes\n"})
    EXPECT_NE(ended.output.find(part), std::string::npos) << part << ended.output;
}

// --- live --------------------------------------------------------------------------------------

class NamesInExamples : public Examples {
 protected:
  NamesInExamples() { // for the `roam` that the examples call
    std::string folder = std::filesystem::path(builtProgram("roam")).parent_path();
    setenv("PATH", (folder + ":" + path_).c_str(), 1);
  }
  ~NamesInExamples() override { setenv("PATH", path_.c_str(), 1); }

  /// Runs it, and checks what it saw and what the store holds then.
  static void priceChangesUnderTheLoop(const std::string& address) {
    std::vector<std::string> where = {"ROAM_JOIN=" + address};
    Ended ended = runExample("live", {}, where);
    EXPECT_EQ(ended.status, 0) << ended.output << ended.errors;
    static const std::regex printed(
        "price is bound as revision 5 to what it was as revision 3: [0-9a-f]+\n"
        "100.00 EUR in +[0-9]+ calls\n 95.00 EUR in +[0-9]+ calls\n"
        " 90.00 EUR in +[0-9]+ calls\n 10.00 EUR in +[0-9]+ calls\n"
        " 90.00 EUR in +[0-9]+ calls\n0 of [0-9]+ calls failed\n");
    EXPECT_TRUE(std::regex_match(ended.output, printed)) << ended.output;
    Ended history = run({builtProgram("roam"), "history", "price", "--plain"}, where);
    EXPECT_EQ(std::ranges::count(history.output, '\n'), 5) << history.output << history.errors;
  }

 private:
  std::string path_ = std::getenv("PATH");
};

TEST_F(NamesInExamples, LiveChangesAFunctionUnderALoopWithNamesInSqlite) {
  TemporaryFolder state;
  PeerProcess first(1, {"--cluster", "shop", "--state", state.path()});
  PeerProcess second(1, {"--join", first.address()});
  priceChangesUnderTheLoop(first.address());
  EXPECT_TRUE(std::filesystem::exists(state.path() + "/shop.store"));
}

TEST_F(NamesInExamples, LiveChangesAFunctionUnderALoopWithNamesInEtcd) {
  TemporaryFolder folder;
  test::EtcdProcess etcd(folder.path());
  PeerProcess first(1, {"--store", etcd.where()});
  PeerProcess second(1, {"--store", etcd.where()});
  priceChangesUnderTheLoop(second.address());
}

// --- join-late ---------------------------------------------------------------------------------

TEST_F(NamesInExamples, JoinLateRunsItsMapOnAPeerThatCameMeanwhile) {
  PeerProcess first(1);
  Ended ended = runExample("join-late", {}, {"ROAM_JOIN=" + first.address()});
  EXPECT_EQ(ended.status, 0) << ended.output << ended.errors;
  static const std::regex printed("NAME [^\n]+\ndevelop +1 [^\n]+ int \\(int\\)\n"
                                  "[^\n]+:([0-9]+) ran ([0-9]+)\n"
                                  "[^\n]+ ran ([0-9]+), and came late\n[^]*has left\n");
  std::smatch found;
  ASSERT_TRUE(std::regex_match(ended.output, found, printed)) << ended.output;
  EXPECT_EQ(found[1], std::to_string(first.id()));
  EXPECT_EQ(std::stoi(found[2]) + std::stoi(found[3]), 1000);
}

// --- survive -----------------------------------------------------------------------------------

TEST_F(NamesInExamples, SurviveKillsTwoOfFourPeersUnderItsMapAndHasTheRightSum) {
  Ended ended = runExample("survive", {});
  EXPECT_EQ(ended.status, 0) << ended.output << ended.errors;
  static const std::regex printed(
      "[^\n]+ is killed when [0-9]+ tasks are done\n"
      "[^\n]+ is killed when [0-9]+ tasks are done\n"
      "the sum is 2664667000, and should be 2664667000; 2 peers are left\n");
  EXPECT_TRUE(std::regex_match(ended.output, printed)) << ended.output;
}

} // namespace
} // namespace roam::e2e
