// Which objects a program has to send: what bundles say, wherever they are listed.
#include "jit/slice/bundle-writer.h"
#include "roam/error.h"
#include "runtime/shipped-objects.h"
#include "tests/support/temporary-folder.h"
#include <fstream>
#include <gtest/gtest.h>
#include <span>

namespace roam {
namespace {

ObjectTarget targetFor(const std::string& cpu) {
  ObjectTarget target;
  target.triple = "x86_64-pc-linux-gnu";
  target.cpu = cpu;
  target.llvm = "19.1.7";
  return target;
}

std::vector<std::byte> objectOf(const Digest& slice, const std::string& cpu) {
  std::string code = "machine code for " + cpu;
  return CompiledObject{slice, targetFor(cpu), 1, std::as_bytes(std::span(code))}.write();
}

class ShippedObjectsTest : public testing::Test {
 protected:
  std::string file(const std::string& name) const { return folder_.file(name); }
  /// A bundle of this name with one slice, and objects of it for these CPUs.
  std::string bundle(const std::string& name, const std::string& slice,
                     const std::vector<std::string>& cpus) {
    BundleWriter writer;
    Digest digest = writer.addCode(slice, "", 1);
    for (auto& cpu : cpus)
      writer.addObject(objectOf(digest, cpu));
    auto bytes = writer.write();
    std::ofstream(file(name), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
    return file(name);
  }

 private:
  test::TemporaryFolder folder_;
};

TEST_F(ShippedObjectsTest, GivesTheObjectsOfEveryBundleListed) {
  std::string first = bundle("first", "a slice", {"haswell", "x86-64"});
  std::string second = bundle("second", "a slice", {"znver3"});
  ShippedObjects objects({{first, second}, "ROAM_BUNDLE"});
  auto found = objects.of(Digest::of("a slice"));
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].target, targetFor("haswell"));
  EXPECT_EQ(found[2].target, targetFor("znver3"));
  for (auto& object : found) {
    auto bytes = std::as_bytes(std::span(object.bytes.begin(), object.bytes.size()));
    EXPECT_EQ(CompiledObject::read(bytes).target, object.target);
  }
  EXPECT_EQ(objects.of(Digest::of("a slice")).begin(), found.begin()) << "the same each time";
  EXPECT_EQ(objects.of(Digest::of("another slice")).size(), 0u);
}

TEST_F(ShippedObjectsTest, WithNoBundleThereIsNone) {
  EXPECT_EQ(ShippedObjects({}).of(Digest::of("a slice")).size(), 0u);
}

TEST_F(ShippedObjectsTest, AFileThatIsNoBundleIsNamed) {
  std::ofstream(file("text")) << "no bundle";
  for (const std::string& path : {file("text"), file("nothing")})
    try {
      ShippedObjects objects({{path}, "ROAM_BUNDLE"});
      ADD_FAILURE() << path;
    } catch (const ConfigurationError& error) {
      EXPECT_NE(std::string(error.what()).find(path), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("ROAM_BUNDLE"), std::string::npos) << error.what();
    }
}

} // namespace
} // namespace roam
