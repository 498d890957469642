// Slices are rebuilt byte for byte, or refused; so are contexts that would show in them.
#include "plugin/canonical.h"
#include "plugin/rebuilding.h"
#include "llvm/IR/IRBuilder.h"
#include <gtest/gtest.h>

namespace roam::plugin {
namespace {

/// A function that returns 7; its instruction may have metadata.
std::string bitcodeOfSeven(const char* metadataKind) {
  llvm::LLVMContext context;
  prepareContext(context);
  llvm::Module module("", context);
  auto* type = llvm::FunctionType::get(llvm::Type::getInt32Ty(context), false);
  auto* function =
      llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, "seven", module);
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context, "", function));
  auto* returns = builder.CreateRet(builder.getInt32(7));
  if (metadataKind)
    returns->setMetadata(metadataKind, llvm::MDNode::get(context, {}));
  auto bytes = bitcodeOf(module);
  return {bytes.data(), bytes.size()};
}

std::string messageFor(const std::string& bitcode) {
  return llvm::toString(checkRebuilding(bitcode));
}

TEST(Rebuilding, GivesTheSameBytes) {
  EXPECT_EQ(messageFor(bitcodeOfSeven(nullptr)), "");
  EXPECT_EQ(messageFor(bitcodeOfSeven("srcloc")), "");
}

// Bitcode holds the names of all kinds of its context, also those that the module does not use; who
// reads it has them then, and writes them again.
TEST(MetadataKinds, ThatAreNotKnownAreFound) {
  llvm::LLVMContext context;
  prepareContext(context);
  EXPECT_EQ(unknownMetadataKind(context), std::nullopt);
  context.getMDKindID("of another pass");
  EXPECT_EQ(unknownMetadataKind(context), "of another pass");
}

TEST(Rebuilding, FailsForAnIntrinsicWithoutItsAttributes) {
  llvm::LLVMContext context;
  prepareContext(context);
  llvm::Module module("", context);
  auto* trap = llvm::Intrinsic::getDeclaration(&module, llvm::Intrinsic::trap);
  auto whole = bitcodeOf(module);
  EXPECT_EQ(messageFor({whole.data(), whole.size()}), "");
  trap->setAttributes({});
  auto bytes = bitcodeOf(module);
  EXPECT_NE(messageFor({bytes.data(), bytes.size()}).find("is not the same"), std::string::npos);
}

TEST(Rebuilding, FailsForBytesThatCannotBeRead) {
  std::string bitcode = bitcodeOfSeven(nullptr);
  EXPECT_NE(messageFor(bitcode.substr(0, bitcode.size() / 2)).find("cannot be read"),
            std::string::npos);
}

} // namespace
} // namespace roam::plugin
