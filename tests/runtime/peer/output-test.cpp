// Lines that workers print, on their way: cut, kept, written.
#include "runtime/peer/line-splitter.h"
#include "runtime/peer/own-output.h"
#include <fcntl.h>
#include <gtest/gtest.h>
#include <kj/io.h>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

namespace roam::peer {
namespace {

using Lines = std::vector<std::string>;

struct Split {
  LineSplitter splitter;
  Lines lines;
  void add(std::string_view bytes) {
    splitter.add(bytes, [&](std::string_view line) { lines.emplace_back(line); });
  }
  void end() {
    splitter.end([&](std::string_view line) { lines.emplace_back(line); });
  }
};

TEST(LineSplitter, CutsAtEndsOfLinesWhereverTheBytesAreCut) {
  const std::string text = "one\n\ntwo and more\nthe last";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    Split split;
    for (std::size_t at = 0; at < text.size(); at += size)
      split.add(std::string_view(text).substr(at, size));
    EXPECT_EQ(split.lines, (Lines{"one", "", "two and more"})) << size;
    split.end();
    split.end();
    EXPECT_EQ(split.lines, (Lines{"one", "", "two and more", "the last"})) << size;
  }
}

TEST(LineSplitter, ALineOverTheLimitComesInPieces) {
  for (std::size_t over : {0, 1, 5000}) {
    Split split;
    split.add(std::string(limits::outputLine + over, 'x') + "\nnext\n");
    std::string all;
    for (auto& line : split.lines) {
      EXPECT_LE(line.size(), limits::outputLine);
      all += line;
    }
    EXPECT_EQ(all, std::string(limits::outputLine + over, 'x') + "next");
  }
}

struct Pipe {
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
      throw std::runtime_error("no pipe");
    read = kj::AutoCloseFd(ends[0]);
    write = kj::AutoCloseFd(ends[1]);
  }
  std::string all() {
    std::string text;
    char buffer[4096];
    for (ssize_t size; (size = ::read(read, buffer, sizeof buffer)) > 0;)
      text.append(buffer, std::size_t(size));
    return text;
  }
  kj::AutoCloseFd read, write;
};

TEST(OwnOutput, WritesWhatWaitedForItsBeginningAndAllBeforeItsEnd) {
  Pipe output, errors;
  {
    OwnOutput own(output.write, errors.write);
    own.line("first"_kj, false);
    own.line("wrong"_kj, true);
    own.begin();
    own.line("second"_kj, false);
  }
  output.write = nullptr;
  errors.write = nullptr;
  EXPECT_EQ(output.all(), "first\nsecond\n");
  EXPECT_EQ(errors.all(), "wrong\n");
}

TEST(OwnOutput, DropsWhatNobodyReadsAndSaysHowMuch) {
  Pipe output, errors;
  {
    OwnOutput own(output.write, errors.write);
    const std::string line(999, 'x');
    for (std::size_t i = 0; i < limits::outputWaiting / 1000 + 10; ++i)
      own.line(line.c_str(), true); // it has not begun
    // Its own thread writes while this one reads.
    own.begin();
    std::string text;
    char buffer[4096];
    while (text.find("are lost") == text.npos) {
      ssize_t size = ::read(errors.read, buffer, sizeof buffer);
      ASSERT_GT(size, 0);
      text.append(buffer, std::size_t(size));
    }
    EXPECT_NE(text.find("roam peer: 10 lines were printed faster than they were read"), text.npos)
        << text.substr(text.size() - 200);
  }
}

TEST(OwnOutput, EndsThoughNobodyReads) {
  constexpr std::size_t lines = 200, size = 1001;
  Pipe output;
  {
    OwnOutput own(output.write, output.write);
    own.begin();
    for (std::size_t i = 0; i < lines; ++i)
      own.line(std::string(size - 1, 'x').c_str(), false); // more than a pipe holds
  }
  // Its thread goes on with the write that nobody read, and must not meet a descriptor that is
  // closed.
  std::vector<char> buffer(lines * size);
  for (std::size_t read = 0; read < buffer.size();) {
    ssize_t more = ::read(output.read, buffer.data(), buffer.size());
    ASSERT_GT(more, 0);
    read += std::size_t(more);
  }
}

} // namespace
} // namespace roam::peer
