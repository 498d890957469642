// The platform fingerprint and its differences.
#include "jit/slice/platform.h"
#include <gtest/gtest.h>
#include <stdexcept>

namespace roam {
namespace {

TEST(Platform, ReadsWhatItWrites) {
  Platform here = Platform::here();
  EXPECT_EQ(here.llvmMajor, 19u);
  EXPECT_EQ(Platform::parse(here.toString()), here);
  Platform other{"x86_64-pc-linux-gnu", "itanium", "libstdc++ cxx11-abi", 19};
  EXPECT_EQ(other.toString(), "x86_64-pc-linux-gnu/itanium/libstdc++ cxx11-abi/llvm-19");
  EXPECT_EQ(Platform::parse(other.toString()), other);
}

TEST(Platform, RefusesTextThatIsNone) {
  for (const char* text : {"", "a/b/c", "a/b/c/d", "a/b/c/llvm-", "a/b/c/llvm-x", "a/b/c/llvm-19x",
                           "a/b/c/llvm--1", "a/b/c/llvm-99999999999", "a/b/c/llvm-19/e"})
    EXPECT_THROW(Platform::parse(text), std::runtime_error) << text;
}

TEST(Platform, SaysWhatDiffersInWords) {
  Platform here = Platform::here(), there = here;
  EXPECT_EQ(here.differenceFrom(there), "");
  there.llvmMajor = 20;
  EXPECT_EQ(here.differenceFrom(there), "LLVM 19 here, 20 there");
  there.triple = "riscv64-linux-gnu";
  EXPECT_EQ(here.differenceFrom(there),
            "machine " + here.triple + " here, riscv64-linux-gnu there; LLVM 19 here, 20 there");
}

} // namespace
} // namespace roam
