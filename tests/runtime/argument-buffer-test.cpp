#include "runtime/argument-buffer.h"
#include "net/limits.h"
#include <gtest/gtest.h>
#include <string>

namespace roam {
namespace {

TEST(ArgumentBuffer, KeepsWhatWasWrittenWhileItGrows) {
  auto memory = std::make_shared<net::MessageMemory>();
  ArgumentBuffer buffer(*memory, 0);
  std::string written;
  for (int i = 0; i < 10'000; ++i) {
    std::string piece = std::to_string(i);
    buffer.out().write(piece.data(), piece.size());
    written += piece;
  }
  EXPECT_EQ(std::string(buffer.bytes().asChars().begin(), buffer.bytes().size()), written);
}

TEST(ArgumentBuffer, TakesExactlyTheLimitOfAChunk) {
  auto memory = std::make_shared<net::MessageMemory>();
  ArgumentBuffer buffer(*memory, 0);
  buffer.out().room(limits::chunkBytes - 1);
  buffer.out().room(1);
  EXPECT_EQ(buffer.bytes().size(), limits::chunkBytes);
  EXPECT_THROW(buffer.out().room(1), ArgumentsTooLarge);
  EXPECT_THROW(buffer.out().room(std::size_t(-1)), ArgumentsTooLarge);
}

TEST(ArgumentBuffer, RefusesMoreThanTheLimitAtOnce) {
  auto memory = std::make_shared<net::MessageMemory>();
  ArgumentBuffer buffer(*memory, 0);
  EXPECT_THROW(buffer.out().room(limits::chunkBytes + 1), ArgumentsTooLarge);
}

} // namespace
} // namespace roam
