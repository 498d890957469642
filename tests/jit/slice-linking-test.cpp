// A slice that is removed in the middle of its linking, which ORC allows, leaves nothing behind.
#include "jit/object-unit.h"
#include "jit/slice-linking.h"
#include "jit/slice-table.h"
#include "jit/symbol-name.h"
#include "jit/unwind-index.h"
#include "slices.h"
#include <gtest/gtest.h>
#include <llvm/ExecutionEngine/JITLink/JITLink.h>
#include <llvm/ExecutionEngine/Orc/ExecutorProcessControl.h>
#include <llvm/ExecutionEngine/Orc/TaskDispatch.h>

namespace roam::jit {
namespace {

/// Removes a resource when its addresses are known and its code is not there yet.
class Remover : public llvm::orc::ObjectLinkingLayer::Plugin {
 public:
  llvm::orc::ResourceTrackerSP tracker;
  bool removed = false;

  void modifyPassConfig(llvm::orc::MaterializationResponsibility&, llvm::jitlink::LinkGraph&,
                        llvm::jitlink::PassConfiguration& passes) override {
    passes.PostFixupPasses.push_back([this](llvm::jitlink::LinkGraph&) {
      removed = true;
      return tracker->remove();
    });
  }
  llvm::Error notifyFailed(llvm::orc::MaterializationResponsibility&) override {
    return llvm::Error::success();
  }
  llvm::Error notifyRemovingResources(llvm::orc::JITDylib&, llvm::orc::ResourceKey) override {
    return llvm::Error::success();
  }
  void notifyTransferringResources(llvm::orc::JITDylib&, llvm::orc::ResourceKey,
                                   llvm::orc::ResourceKey) override {}
};

TEST(SliceLinking, LeavesNoFramesOfASliceRemovedMeanwhile) {
  MemorySource source;
  ExitList exits;
  HostSymbols host(exits);
  PeerLocals peerLocals;
  SliceTable slices;
  llvm::orc::ExecutionSession orc(llvm::cantFail(llvm::orc::SelfExecutorProcessControl::Create(
      nullptr, std::make_unique<llvm::orc::InPlaceTaskDispatcher>())));
  orc.setErrorReporter([](llvm::Error error) { llvm::consumeError(std::move(error)); });
  llvm::orc::ObjectLinkingLayer linker(orc);
  auto remover = std::make_shared<Remover>();
  linker.addPlugin(std::make_shared<SliceLinking>(host, peerLocals, exits, slices));
  linker.addPlugin(remover);
  auto& code = orc.createBareJITDylib("slices");

  std::size_t before = frameCount();
  Digest digest = source.addNamed("throws");
  auto name = orc.intern(symbolName(digest));
  remover->tracker = code.createResourceTracker();
  auto object = CompiledObject::read(source.fetch(digest));
  llvm::cantFail(
      code.define(std::make_unique<ObjectUnit>(name, object.code, linker), remover->tracker));
  auto found = orc.lookup({&code}, name);
  EXPECT_FALSE(static_cast<bool>(found));
  llvm::consumeError(found.takeError());
  EXPECT_TRUE(remover->removed);
  EXPECT_EQ(frameCount(), before);
  remover->tracker = nullptr;
  llvm::cantFail(orc.endSession());
}

} // namespace
} // namespace roam::jit
