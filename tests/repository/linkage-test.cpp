// Who runs LLVM: the worker, and no other program of Roam. Checked on what the loader would load,
// through all libraries.
#include "tests/repository/command.h"
#include <gtest/gtest.h>

namespace roam::test {
namespace {

std::string loadedBy(const std::string& binary) {
  CommandResult result = run("ldd '" + binary + "'");
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_NE(result.output.find("libc.so"), std::string::npos) << result.output;
  return result.output;
}

bool loads(const std::string& binary, const std::string& library) {
  return loadedBy(binary).find(library) != std::string::npos;
}

} // namespace

TEST(Linkage, TheLibraryNeedsNeitherLlvmNorClang) {
  EXPECT_FALSE(loads(ROAM_TEST_LIBRARY, "libLLVM"));
  EXPECT_FALSE(loads(ROAM_TEST_LIBRARY, "libclang"));
}

TEST(Linkage, TheLibraryWithAPeerNeedsNeitherLlvmNorClang) {
  EXPECT_FALSE(loads(ROAM_TEST_PEER_LIBRARY, "libLLVM"));
  EXPECT_FALSE(loads(ROAM_TEST_PEER_LIBRARY, "libclang"));
}

TEST(Linkage, ProgramsWithoutAPeerLoadNoneOfIt) {
  EXPECT_FALSE(loads(ROAM_TEST_LIBRARY, "libroam-peer"));
  EXPECT_FALSE(loads(ROAM_TEST_LIBRARY, "libsqlite3"));
}

TEST(Linkage, TheCommandNeedsNeitherLlvmNorClang) {
  EXPECT_FALSE(loads(ROAM_TEST_COMMAND, "libLLVM"));
  EXPECT_FALSE(loads(ROAM_TEST_COMMAND, "libclang"));
}

TEST(Linkage, TheCommandLoadsOpenSslOnlyWhenItIsGivenKeys) {
  EXPECT_FALSE(loads(ROAM_TEST_COMMAND, "libcrypto"));
}

TEST(Linkage, TheWorkerNeedsNeitherLlvmNorClang) {
  EXPECT_FALSE(loads(ROAM_TEST_WORKER, "libLLVM"));
  EXPECT_FALSE(loads(ROAM_TEST_WORKER, "libclang"));
}

TEST(Linkage, TheCompilerNeedsLlvmAndNoClang) {
  EXPECT_TRUE(loads(ROAM_TEST_COMPILER, "libLLVM"));
  EXPECT_FALSE(loads(ROAM_TEST_COMPILER, "libclang"));
}

TEST(Linkage, ThePluginTakesLlvmAndClangFromTheCompiler) {
  EXPECT_FALSE(loads(ROAM_TEST_PLUGIN, "libLLVM"));
  EXPECT_FALSE(loads(ROAM_TEST_PLUGIN, "libclang"));
}

} // namespace roam::test
