// Which level a slice is compiled at, for which CPU, and what of it people can read.
#include "slices.h"
#include <gtest/gtest.h>

namespace roam::jit {
namespace {

std::span<const std::byte> bytesOf(const std::string& text) {
  return std::as_bytes(std::span(text));
}

/// A slice of so many additions in a row, each with these flags.
std::string additions(int count, const std::string& flags = "") {
  std::string text = "define double @roam.root(double %x0) {\n";
  for (int i = 0; i < count; ++i)
    text += "%x" + std::to_string(i + 1) + " = fadd " + flags + " double %x" + std::to_string(i) +
            ", %x0\n";
  return assembled(text + "ret double %x" + std::to_string(count) + "\n}");
}

ObjectTarget targetOf(SliceCompiler& compiler, const std::string& slice, Level level) {
  auto object = compiler.compile(Digest::of(slice), bytesOf(slice), level);
  return CompiledObject::read(object).target;
}

TEST(SliceCompiler, CompilesLittleCodeAtOnceAndMuchQuicklyFirst) {
  auto compiler = SliceCompiler::open();
  EXPECT_EQ(targetOf(*compiler, additions(5), Level::chosen).level, 2u);
  EXPECT_EQ(targetOf(*compiler, additions(500), Level::chosen).level, 0u);
  EXPECT_EQ(targetOf(*compiler, additions(500), Level::tuned).level, 2u);
  EXPECT_EQ(targetOf(*compiler, additions(5), Level::quick).level, 0u);
}

TEST(SliceCompiler, CompilesAtOneLevelOnlyWhereAnotherCouldGiveOtherResults) {
  auto compiler = SliceCompiler::open();
  EXPECT_EQ(targetOf(*compiler, additions(500, "reassoc"), Level::chosen).level, 2u);
}

TEST(SliceCompiler, CompilesForTheCpuItIsTold) {
  auto compiler = SliceCompiler::open("x86-64-v2");
  ObjectTarget target = targetOf(*compiler, additions(5), Level::tuned);
  EXPECT_EQ(target.cpu, "x86-64-v2");
  EXPECT_EQ(target.refusalOn(SliceCompiler::open()->target()), "");
  EXPECT_THROW(SliceCompiler::open("z80"), std::runtime_error);
}

TEST(SliceCompiler, ShowsTheCodeOfASlice) {
  auto compiler = SliceCompiler::open();
  std::string slice = additions(3);
  EXPECT_NE(compiler->ir(Digest::of(slice), bytesOf(slice)).find("fadd double"), std::string::npos);
  EXPECT_NE(compiler->assembly(Digest::of(slice), bytesOf(slice)).find("addsd"), std::string::npos);
}

} // namespace
} // namespace roam::jit
