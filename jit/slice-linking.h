// What happens to the object of a slice while JITLink links it: its symbols are bound, its frames
// and its memory noted.
#pragma once
#include "jit/exit-list.h"
#include "jit/host-symbols.h"
#include "jit/peer-locals.h"
#include <llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h>
#include <map>
#include <mutex>

namespace roam::jit {

class SliceTable;

/// A plugin of the object linking layer. Undefined names go straight to addresses of this process,
/// so that ORC's symbol tables hold nothing but entries. Callable from any thread.
class SliceLinking : public llvm::orc::ObjectLinkingLayer::Plugin {
 public:
  SliceLinking(HostSymbols& host, PeerLocals& peerLocals, ExitList& exits, SliceTable& slices)
      : host_(host), peerLocals_(peerLocals), exits_(exits), slices_(slices) {}

  void modifyPassConfig(llvm::orc::MaterializationResponsibility& unit,
                        llvm::jitlink::LinkGraph& graph,
                        llvm::jitlink::PassConfiguration& passes) override;
  llvm::Error notifyEmitted(llvm::orc::MaterializationResponsibility& unit) override;
  llvm::Error notifyFailed(llvm::orc::MaterializationResponsibility& unit) override;
  /// Runs the destructors of the slice's statics, then forgets its frames. Its memory goes right
  /// after.
  llvm::Error notifyRemovingResources(llvm::orc::JITDylib& dylib,
                                      llvm::orc::ResourceKey key) override;
  void notifyTransferringResources(llvm::orc::JITDylib& dylib, llvm::orc::ResourceKey to,
                                   llvm::orc::ResourceKey from) override;

 private:
  /// Where a linked slice lies, in addresses of this process.
  struct Place {
    std::uintptr_t begin = UINTPTR_MAX, end = 0;
    const char* frames = nullptr;
    std::size_t framesSize = 0;
  };

  llvm::Error loadLibraries(llvm::jitlink::LinkGraph& graph);
  llvm::Error fail(llvm::jitlink::LinkGraph& graph, const std::string& why);
  llvm::Error bind(llvm::jitlink::LinkGraph& graph);
  llvm::Error bindPeerLocals(llvm::jitlink::LinkGraph& graph);
  llvm::Error shareState(llvm::jitlink::LinkGraph& graph);
  void noteInit(llvm::jitlink::LinkGraph& graph);
  static Place placeOf(llvm::jitlink::LinkGraph& graph);
  void enter(const Place& place);
  void leave(const Place& place);

  HostSymbols& host_;
  PeerLocals& peerLocals_;
  ExitList& exits_;
  SliceTable& slices_;
  std::mutex mutex_;
  std::map<const llvm::orc::MaterializationResponsibility*, Place> linking_;
  std::map<llvm::orc::ResourceKey, Place> linked_;
};

} // namespace roam::jit
