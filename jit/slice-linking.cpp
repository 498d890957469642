// JITLink passes and notifications.
#include "jit/slice-linking.h"
#include "jit/bad-slice.h"
#include "jit/group-module.h"
#include "jit/slice-table.h"
#include "jit/slice/demangle.h"
#include "jit/slice/manifest.h"
#include "jit/slice/peer-local-name.h"
#include "jit/symbol-name.h"
#include "jit/unwind-index.h"
#include <algorithm>
#include <llvm/Demangle/Demangle.h>
#include <llvm/ExecutionEngine/JITLink/EHFrameSupport.h>
#include <llvm/ExecutionEngine/JITLink/JITLink.h>

namespace roam::jit {
namespace {

/// Names that JITLink itself defines later, and entries, which ORC resolves.
bool isBoundElsewhere(llvm::StringRef name) {
  return name == "_GLOBAL_OFFSET_TABLE_" || name.starts_with("__start_") ||
         name.starts_with("__stop_") || entryOf(name);
}

std::string describe(std::vector<std::string> names) {
  for (std::string& name : names)
    name = llvm::demangle(name);
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names)
    text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// Slices share ORC's symbol table. Were a weak definition that many have
/// (DW.ref.__gxx_personality_v0) left visible, the first slice would lend it to the others, and
/// take it along when it is unloaded. What initialises the slice nobody looks up, either, nor its
/// variables, but they must stay: see noteInit.
llvm::Error hideAllButEntry(llvm::jitlink::LinkGraph& graph) {
  for (llvm::jitlink::Symbol* symbol : graph.defined_symbols())
    if (symbol->getName() != graph.getName() && symbol->getScope() != llvm::jitlink::Scope::Local) {
      if (symbol->getName() == initSymbol || isState(symbol->getName()))
        symbol->setLive(true);
      symbol->setScope(llvm::jitlink::Scope::Local);
      symbol->setLinkage(llvm::jitlink::Linkage::Strong);
    }
  return llvm::Error::success();
}

} // namespace

void SliceLinking::modifyPassConfig(llvm::orc::MaterializationResponsibility& unit,
                                    llvm::jitlink::LinkGraph& graph,
                                    llvm::jitlink::PassConfiguration& passes) {
  passes.PrePrunePasses.insert(passes.PrePrunePasses.begin(), hideAllButEntry);
  passes.PrePrunePasses.push_back([this](llvm::jitlink::LinkGraph& g) { return loadLibraries(g); });
  passes.PrePrunePasses.push_back([this](llvm::jitlink::LinkGraph& g) { return shareState(g); });
  passes.PostPrunePasses.push_back(
      [this](llvm::jitlink::LinkGraph& g) { return bindPeerLocals(g); });
  passes.PostPrunePasses.push_back([this](llvm::jitlink::LinkGraph& g) { return bind(g); });
  passes.PostFixupPasses.push_back([this, &unit](llvm::jitlink::LinkGraph& g) {
    noteInit(g);
    Place place = placeOf(g);
    std::lock_guard lock(mutex_);
    linking_[&unit] = place;
    return llvm::Error::success();
  });
  passes.PostFixupPasses.push_back(llvm::jitlink::createEHFrameRecorderPass(
      graph.getTargetTriple(), [this, &unit](llvm::orc::ExecutorAddr frames, std::size_t size) {
        std::lock_guard lock(mutex_);
        linking_[&unit].frames = frames.toPtr<const char*>();
        linking_[&unit].framesSize = size;
      }));
}

/// So that what they define is found when symbols are bound.
llvm::Error SliceLinking::loadLibraries(llvm::jitlink::LinkGraph& graph) {
  llvm::jitlink::Section* section = graph.findSectionByName(librariesSection);
  if (!section)
    return llvm::Error::success();
  for (llvm::jitlink::Block* block : section->blocks()) {
    llvm::StringRef text(block->getContent().data(), block->getContent().size());
    while (!text.empty()) {
      auto [soname, rest] = text.split('\0');
      auto [symbol, others] = rest.split('\0');
      text = others;
      if (auto why = HostSymbols::load(soname.str()))
        return fail(
            graph,
            "needs the library " + soname.str() + " for '" + demangled(symbol.str()) +
                "', which this machine can't load: " + *why +
                "; install it there and restart the peer (the package that has it is found with: "
                "apt-file search " +
                soname.str() + ")");
    }
  }
  return llvm::Error::success();
}

llvm::Error SliceLinking::fail(llvm::jitlink::LinkGraph& graph, const std::string& why) {
  auto digest = entryOf(graph.getName());
  std::string text = "slice " + (digest ? digest->shortened() : graph.getName()) + " " + why;
  if (digest)
    slices_.failed(*digest, std::make_exception_ptr(BadSlice(text)));
  return llvm::make_error<llvm::StringError>(text, llvm::inconvertibleErrorCode());
}

/// Gives every undefined symbol an address of this process. What has none is the slice's failure.
llvm::Error SliceLinking::bind(llvm::jitlink::LinkGraph& graph) {
  std::vector<std::pair<llvm::jitlink::Symbol*, void*>> bound;
  std::vector<std::string> missing;
  for (llvm::jitlink::Symbol* symbol : graph.external_symbols()) {
    if (isBoundElsewhere(symbol->getName()))
      continue;
    std::string name = symbol->getName().str();
    if (void* address = host_.find(name); address || symbol->isWeaklyReferenced())
      bound.emplace_back(symbol, address);
    else
      missing.push_back(std::move(name));
  }
  for (auto& [symbol, address] : bound)
    graph.makeAbsolute(*symbol, llvm::orc::ExecutorAddr::fromPtr(address));
  if (missing.empty())
    return llvm::Error::success();
  return fail(graph, "needs what no shared library of this process defines: " +
                         describe(std::move(missing)));
}

/// What they point to may be the slice's own: classes with virtual functions, destructors. So it
/// stays for good.
llvm::Error SliceLinking::bindPeerLocals(llvm::jitlink::LinkGraph& graph) {
  std::vector<std::pair<llvm::jitlink::Symbol*, void*>> bound;
  try {
    for (llvm::jitlink::Symbol* symbol : graph.external_symbols())
      if (symbol->getName().starts_with(peerLocalPrefix))
        bound.emplace_back(symbol, peerLocals_.find(symbol->getName().str()));
  } catch (const std::runtime_error& error) {
    return fail(graph, error.what());
  }
  for (auto& [symbol, address] : bound)
    graph.makeAbsolute(*symbol, llvm::orc::ExecutorAddr::fromPtr(address));
  if (auto digest = entryOf(graph.getName()); digest && !bound.empty())
    slices_.pin(*digest);
  return llvm::Error::success();
}

/// A second object of a slice uses the variables of the first, which are initialised already.
llvm::Error SliceLinking::shareState(llvm::jitlink::LinkGraph& graph) {
  auto digest = entryOf(graph.getName());
  if (!digest)
    return llvm::Error::success();
  SliceTable::Slice slice = slices_.at(*digest);
  if (!slice.replacement)
    return llvm::Error::success();
  std::vector<llvm::jitlink::Symbol*> shared;
  for (llvm::jitlink::Symbol* symbol : graph.defined_symbols())
    if (symbol->hasName() && slice.state.contains(symbol->getName()))
      shared.push_back(symbol);
  for (llvm::jitlink::Symbol* symbol : shared)
    graph.makeAbsolute(*symbol, slice.state.lookup(symbol->getName()));
  return llvm::Error::success();
}

void SliceLinking::noteInit(llvm::jitlink::LinkGraph& graph) {
  auto digest = entryOf(graph.getName());
  if (!digest || slices_.at(*digest).replacement)
    return;
  void (*init)() = nullptr;
  SliceTable::State state;
  for (llvm::jitlink::Symbol* symbol : graph.defined_symbols()) {
    if (!symbol->hasName())
      continue;
    if (symbol->getName() == initSymbol)
      init = symbol->getAddress().toPtr<void (*)()>();
    else if (isState(symbol->getName()))
      state[symbol->getName()] = symbol->getAddress();
  }
  slices_.linked(*digest, init, std::move(state));
}

SliceLinking::Place SliceLinking::placeOf(llvm::jitlink::LinkGraph& graph) {
  Place place;
  for (llvm::jitlink::Section& section : graph.sections()) {
    if (section.getMemLifetime() == llvm::orc::MemLifetime::NoAlloc)
      continue;
    for (llvm::jitlink::Block* block : section.blocks()) {
      std::uintptr_t begin = block->getAddress().getValue();
      place.begin = std::min(place.begin, begin);
      place.end = std::max(place.end, begin + block->getSize());
    }
  }
  return place;
}

llvm::Error SliceLinking::notifyEmitted(llvm::orc::MaterializationResponsibility& unit) {
  Place place;
  {
    std::lock_guard lock(mutex_);
    place = linking_[&unit];
    linking_.erase(&unit);
  }
  enter(place);
  llvm::Error error = unit.withResourceKeyDo([&](llvm::orc::ResourceKey key) {
    std::lock_guard lock(mutex_);
    linked_[key] = place;
  });
  if (error) // removed while it was linked: its memory goes, and nobody will say so again
    leave(place);
  return error;
}

void SliceLinking::enter(const Place& place) {
  if (place.frames)
    addFrames(place.frames, place.framesSize);
  exits_.enter(place.begin, place.end);
}

void SliceLinking::leave(const Place& place) {
  exits_.leave(place.begin);
  if (place.frames)
    removeFrames(place.frames, place.framesSize);
}

llvm::Error SliceLinking::notifyFailed(llvm::orc::MaterializationResponsibility& unit) {
  std::lock_guard lock(mutex_);
  linking_.erase(&unit);
  return llvm::Error::success();
}

llvm::Error SliceLinking::notifyRemovingResources(llvm::orc::JITDylib&,
                                                  llvm::orc::ResourceKey key) {
  Place place;
  {
    std::lock_guard lock(mutex_);
    auto found = linked_.find(key);
    if (found == linked_.end())
      return llvm::Error::success();
    place = found->second;
    linked_.erase(found);
  }
  leave(place);
  return llvm::Error::success();
}

void SliceLinking::notifyTransferringResources(llvm::orc::JITDylib&, llvm::orc::ResourceKey to,
                                               llvm::orc::ResourceKey from) {
  std::lock_guard lock(mutex_);
  if (auto found = linked_.find(from); found != linked_.end()) {
    linked_[to] = found->second;
    linked_.erase(found);
  }
}

} // namespace roam::jit
