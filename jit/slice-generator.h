// Makes definitions for entries that are asked for and not there yet: ORC's definition generator
// for `roam.<digest>`.
#pragma once
#include "jit/compiler.h"
#include "jit/slice-source.h"
#include <exception>
#include <llvm/ExecutionEngine/Orc/Core.h>
#include <llvm/ExecutionEngine/Orc/Layer.h>
#include <mutex>
#include <unordered_map>

namespace roam::jit {

/// The slices of a session: what removes each again, and why the last try failed. Callable from any
/// thread.
class SliceTable {
 public:
  void defined(const Digest& digest, llvm::orc::ResourceTrackerSP tracker);
  /// The first failure counts: what comes after it is its consequence.
  void failed(const Digest& digest, std::exception_ptr why);
  /// It is linked; `init` is what initialises its variables, or null.
  void linked(const Digest& digest, void (*init)());
  /// It uses peer-local variables, and stays until the session ends.
  void pin(const Digest& digest);

  struct Slice {
    llvm::orc::ResourceTrackerSP tracker;
    std::exception_ptr failure;
    void (*init)() = nullptr;
    bool isPinned = false;
  };
  /// A copy; empty if it is not there.
  Slice at(const Digest& digest);
  /// Takes a slice out; empty if it is not there.
  Slice take(const Digest& digest);

 private:
  std::mutex mutex_;
  std::unordered_map<Digest, Slice> slices_;
};

/// The definition of one entry that is not code yet. Materializing it fetches the slice, on the
/// thread that does so and outside of ORC's locks; the references must outlive it.
std::unique_ptr<llvm::orc::MaterializationUnit>
makeSliceUnit(const Digest& digest, llvm::orc::SymbolStringPtr name, SliceSource& source,
              Compiler& compiler, llvm::orc::ObjectLayer& linker, SliceTable& slices);

/// Promises each entry that a lookup misses.
class SliceGenerator : public llvm::orc::DefinitionGenerator {
 public:
  SliceGenerator(SliceSource& source, Compiler& compiler, llvm::orc::ObjectLayer& linker,
                 SliceTable& slices)
      : source_(source), compiler_(compiler), linker_(linker), slices_(slices) {}

  llvm::Error tryToGenerate(llvm::orc::LookupState& state, llvm::orc::LookupKind kind,
                            llvm::orc::JITDylib& dylib, llvm::orc::JITDylibLookupFlags flags,
                            const llvm::orc::SymbolLookupSet& names) override;

 private:
  SliceSource& source_;
  Compiler& compiler_;
  llvm::orc::ObjectLayer& linker_;
  SliceTable& slices_;
};

} // namespace roam::jit
