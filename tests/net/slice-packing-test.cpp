// Packing of slices: what comes back, what is refused.
#include "net/limits.h"
#include "net/slice-packing.h"
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <zstd.h>

using namespace roam;

namespace {

kj::ArrayPtr<const kj::byte> bytesOf(const std::string& text) {
  return {reinterpret_cast<const kj::byte*>(text.data()), text.size()};
}

std::string randomBytes(std::size_t size) {
  std::mt19937 random(7);
  std::string bytes(size, 0);
  for (char& byte : bytes)
    byte = static_cast<char>(random());
  return bytes;
}

} // namespace

TEST(SlicePacking, WhatWasPackedComesBack) {
  for (const std::string& slice :
       {std::string(), std::string("x"), std::string(100000, 'a'), randomBytes(3000)}) {
    auto unpacked = net::unpack(net::pack(bytesOf(slice)));
    KJ_IF_MAYBE (back, unpacked)
      EXPECT_EQ(*back, bytesOf(slice));
    else
      FAIL() << "a slice of " << slice.size() << " bytes did not come back";
  }
}

TEST(SlicePacking, CutAtAnyByteItIsRefused) {
  auto packed = net::pack(bytesOf(randomBytes(1000)));
  for (std::size_t size = 0; size < packed.size(); ++size)
    EXPECT_TRUE(net::unpack(packed.slice(0, size)) == nullptr) << size;
}

TEST(SlicePacking, WithAFlippedBitItIsRefusedOrAnotherSliceOfTheSameSizeOrLess) {
  auto packed = net::pack(bytesOf(std::string(500, 'a') + randomBytes(200)));
  for (std::size_t bit = 0; bit < packed.size() * 8; ++bit) {
    auto damaged = kj::heapArray<kj::byte>(packed);
    damaged[bit / 8] ^= kj::byte(1 << bit % 8);
    KJ_IF_MAYBE (slice, net::unpack(damaged))
      EXPECT_LE(slice->size(), limits::sliceBytes);
  }
}

TEST(SlicePacking, AFrameThatHoldsMoreThanASliceMayIsRefusedBeforeItIsUnpacked) {
  std::string large(limits::sliceBytes + 1, 0);
  auto packed = net::pack(bytesOf(large));
  EXPECT_LT(packed.size(), 5000u);
  EXPECT_TRUE(net::unpack(packed) == nullptr);
}

TEST(SlicePacking, AFrameThatDoesNotSayItsSizeIsRefused) {
  std::string text = "the same text, the same text, the same text", frame(1000, 0);
  auto* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  std::size_t size = ZSTD_compress2(context, frame.data(), frame.size(), text.data(), text.size());
  ZSTD_freeCCtx(context);
  ASSERT_FALSE(ZSTD_isError(size));
  frame.resize(size);
  EXPECT_TRUE(net::unpack(bytesOf(frame)) == nullptr);
}
