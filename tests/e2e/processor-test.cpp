// Code for some processors only: what a peer's can't do is refused in words, what it can runs,
// whatever this program was compiled for.
#include "tests/e2e/shared-peers.h"
#include <immintrin.h>
#include <x86intrin.h>

namespace roam::e2e {
namespace {

class Processor : public SharedPeers {};

/// Instructions that only one line of processors ever had, from 2011 to 2015.
__attribute__((target("xop"))) int permuted(int x) {
  __m128i bytes = _mm_set1_epi32(x);
  return _mm_cvtsi128_si32(_mm_perm_epi8(bytes, bytes, _mm_set1_epi8(3)));
}

__attribute__((target("avx2"))) int signs(int x) {
  __m256i all = _mm256_sign_epi32(_mm256_set1_epi32(5), _mm256_set1_epi32(x));
  return _mm256_extract_epi32(all, 7);
}

__attribute__((target("xop"))) int plainSum(int x) {
  return x + 40;
}

TEST_F(Processor, ThatLacksWhatIntrinsicsNeedIsNamedWithIt) {
  if (__builtin_cpu_supports("xop"))
    GTEST_SKIP() << "this processor has XOP";
  try {
    cluster().async([](int x) { return permuted(x); }, 1).get();
    ADD_FAILURE() << "no error";
  } catch (const Refused& error) {
    EXPECT_NE(std::string(error.what()).find("intrinsics that need the CPU features xop"),
              std::string::npos)
        << error.what();
  }
  // Told, not died of: nothing was tried again.
  EXPECT_EQ(cluster().async([](int x) { return x + 1; }, 1).get(), 2);
}

TEST_F(Processor, RunsIntrinsicsThatItHas) {
  if (!__builtin_cpu_supports("avx2"))
    GTEST_SKIP() << "this processor has no AVX2";
  EXPECT_EQ(cluster().async([](int x) { return signs(x); }, -3).get(), -5);
}

TEST_F(Processor, DecidesForCodeWithoutIntrinsics) {
  EXPECT_EQ(cluster().async([](int x) { return plainSum(x); }, 2).get(), 42);
}

} // namespace
} // namespace roam::e2e
