// The session: ORC's parts put together, one lookup a digest, errors as exceptions.
//
// LLJIT is not used: it is these parts plus symbols of the process and a platform, which define on
// first use, in modules compiled for it, what slices get from HostSymbols at no cost (5 to 11 ms
// for the first static with a destructor).
#include "jit/session.h"
#include "jit/exit-list.h"
#include "jit/host-symbols.h"
#include "jit/host-target.h"
#include "jit/llvm-error.h"
#include "jit/object-unit.h"
#include "jit/peer-locals.h"
#include "jit/slice-linking.h"
#include "jit/slice-table.h"
#include "jit/symbol-name.h"
#include "jit/unwind-index.h"
#include <cxxabi.h>
#include <future>
#include <llvm/Demangle/Demangle.h>
#include <llvm/ExecutionEngine/Orc/ExecutorProcessControl.h>
#include <llvm/ExecutionEngine/Orc/TaskDispatch.h>
#include <shared_mutex>
#include <unordered_map>

namespace roam::jit {
namespace {

/// ORC in this process: no memory of its own but what JITLink maps, every task on the thread that
/// asks.
std::unique_ptr<llvm::orc::ExecutorProcessControl> thisProcess() {
  return valueOrThrow(llvm::orc::SelfExecutorProcessControl::Create(
                          nullptr, std::make_unique<llvm::orc::InPlaceTaskDispatcher>()),
                      "can't start the JIT in this process");
}

class OrcSession : public Session {
 public:
  explicit OrcSession(ObjectSource& source)
      : source_(source), host_(exits_), orc_(thisProcess()), linker_(orc_),
        code_(orc_.createBareJITDylib("slices")),
        replacements_(orc_.createBareJITDylib("replacements")) {
    orc_.setErrorReporter([this](llvm::Error error) { note(std::move(error)); });
    linker_.addPlugin(std::make_shared<SliceLinking>(host_, peerLocals_, exits_, slices_));
  }

  ~OrcSession() override {
    exits_.leaveAll(); // while their destructors are still code
    llvm::consumeError(orc_.endSession());
  }

  void* entry(const Digest& digest) override {
    for (;;) {
      PlacePtr place = find(digest);
      if (!place) {
        auto [now, mine] = claim(digest);
        if (mine)
          return materialize(digest, now);
        place = std::move(now);
      }
      if (void* address = place->address.get())
        return address;
    }
  }

  void* replace(const Digest& digest) override {
    auto next = std::make_shared<Place>();
    PlacePtr place;
    {
      std::unique_lock lock(mutex_);
      if (auto found = entries_.find(digest); found != entries_.end())
        place = std::exchange(found->second, next);
    }
    if (!place)
      return entry(digest);
    place->address.wait();
    try {
      void* address = replaceFirst(digest, place->address.get());
      next->promise.set_value(address);
      return address;
    } catch (...) {
      comeBack(digest, place, next);
      next->promise.set_value(nullptr); // who waited asks again
      throw;
    }
  }

  void unload(const Digest& digest) override {
    auto leaving = std::make_shared<Place>();
    PlacePtr place;
    {
      std::unique_lock lock(mutex_);
      auto found = entries_.find(digest);
      if (found == entries_.end())
        return;
      place = std::exchange(found->second, leaving);
    }
    place->address.wait();
    if (slices_.at(digest).isPinned)
      comeBack(digest, place, leaving);
    else
      remove(slices_.take(digest));
    forget(digest, leaving);
    leaving->promise.set_value(nullptr);
  }

  const ObjectTarget& target() const override { return target_; }

 private:
  /// What one thread does with a digest while the others wait: materializes it, which gives an
  /// address or an exception, or unloads it, which gives null: then they ask again.
  struct Place {
    std::promise<void*> promise;
    std::shared_future<void*> address = promise.get_future().share();
  };
  using PlacePtr = std::shared_ptr<Place>;

  PlacePtr find(const Digest& digest) {
    std::shared_lock lock(mutex_);
    auto found = entries_.find(digest);
    return found == entries_.end() ? nullptr : found->second;
  }

  /// The digest's place, and whether it is new: then the caller materializes.
  std::pair<PlacePtr, bool> claim(const Digest& digest) {
    auto place = std::make_shared<Place>();
    std::unique_lock lock(mutex_);
    auto [entry, isNew] = entries_.try_emplace(digest, std::move(place));
    return {entry->second, isNew};
  }

  /// Lets the next one to ask begin anew, unless another place has been taken since.
  void forget(const Digest& digest, const PlacePtr& place) {
    std::unique_lock lock(mutex_);
    if (auto found = entries_.find(digest); found != entries_.end() && found->second == place)
      entries_.erase(found);
  }

  /// Puts a place back where another has been taken.
  void comeBack(const Digest& digest, const PlacePtr& place, const PlacePtr& instead) {
    std::unique_lock lock(mutex_);
    if (auto found = entries_.find(digest); found != entries_.end() && found->second == instead)
      found->second = place;
  }

  /// Materializes on this thread; whoever else asks for the digest waits for the same place.
  void* materialize(const Digest& digest, const PlacePtr& place) {
    try {
      void* address = materialize(digest);
      place->promise.set_value(address);
      return address;
    } catch (...) {
      forget(digest, place); // the next one to ask tries again
      place->promise.set_exception(std::current_exception());
      throw;
    }
  }

  void* materialize(const Digest& digest) {
    std::span<const std::byte> code = fetch(digest);
    auto tracker = code_.createResourceTracker();
    slices_.defined(digest, tracker);
    void* address = link(digest, code, code_, tracker);
    if (address) {
      initialise(digest);
      return address;
    }
    auto slice = slices_.take(digest);
    std::exception_ptr failure = slice.failure;
    remove(std::move(slice));
    throwFailure(digest, failure);
  }

  /// Gives the address it has if it was replaced before.
  void* replaceFirst(const Digest& digest, void* now) {
    if (!now || slices_.at(digest).replacement)
      return now;
    std::span<const std::byte> code = fetch(digest);
    auto tracker = replacements_.createResourceTracker();
    slices_.replaced(digest, tracker);
    if (void* address = link(digest, code, replacements_, tracker))
      return address;
    std::exception_ptr failure = slices_.at(digest).failure;
    slices_.replaced(digest, nullptr);
    remove(std::move(tracker));
    throwFailure(digest, failure);
  }

  /// The code of the object that the source gives, verified.
  std::span<const std::byte> fetch(const Digest& digest) {
    std::span<const std::byte> bytes = source_.fetch(digest);
    try {
      return CompiledObject::readFor(bytes, digest, target_).code;
    } catch (const std::runtime_error& error) {
      throw BadSlice("the object of slice " + digest.shortened() +
                     " can't be used: " + error.what());
    }
  }

  /// Null if it can't be linked: then the table or note_ say why.
  void* link(const Digest& digest, std::span<const std::byte> code, llvm::orc::JITDylib& dylib,
             const llvm::orc::ResourceTrackerSP& tracker) {
    auto name = orc_.intern(symbolName(digest));
    throwIf(dylib.define(std::make_unique<ObjectUnit>(name, code, linker_), tracker),
            "can't define an entry");
    auto found = orc_.lookup({&dylib}, name);
    if (found)
      return found->getAddress().toPtr<void*>();
    note(found.takeError());
    return nullptr;
  }

  [[noreturn]] void throwFailure(const Digest& digest, const std::exception_ptr& failure) {
    std::string text = takeNote();
    if (failure)
      std::rethrow_exception(failure);
    throw BadSlice("slice " + digest.shortened() + " can't be linked: " + text);
  }

  /// Not while ORC's frames, which do not clean up, are below.
  void initialise(const Digest& digest) {
    SliceTable::Slice slice = slices_.at(digest);
    if (slice.failure) // it is pinned
      std::rethrow_exception(slice.failure);
    if (!slice.init)
      return;
    std::string what;
    try {
      std::lock_guard lock(initMutex_);
      slice.init();
      return;
    } catch (const std::exception& error) {
      what = describeInit(digest) + ": " + error.what();
    } catch (...) {
      what = describeInit(digest);
    }
    // After the exception, whose destructor is the slice's own, ended.
    if (!slice.isPinned)
      remove(slices_.take(digest));
    else // peer-local variables that were made before may need its code
      slices_.failed(digest, std::make_exception_ptr(BadSlice(what)));
    throw BadSlice(what);
  }

  static std::string describeInit(const Digest& digest) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    std::string name = llvm::demangle("_ZTI" + std::string(type ? type->name() : ""));
    llvm::StringRef bare = name;
    bare.consume_front("typeinfo for ");
    return "slice " + digest.shortened() + " has a variable whose initialiser threw " + bare.str();
  }

  /// The first object first: its variables may be destroyed by code of the second.
  void remove(SliceTable::Slice slice) {
    remove(std::move(slice.tracker));
    remove(std::move(slice.replacement));
  }

  void remove(llvm::orc::ResourceTrackerSP tracker) {
    if (tracker)
      if (llvm::Error error = tracker->remove())
        note(std::move(error));
    tracker = nullptr;
    orc_.getSymbolStringPool()->clearDeadEntries();
  }

  /// What ORC reports on the side; most of it is told better by a failure in the table.
  void note(llvm::Error error) {
    std::string text = llvm::toString(std::move(error));
    std::lock_guard lock(noteMutex_);
    note_ += (note_.empty() ? "" : "; ") + text;
  }

  std::string takeNote() {
    std::lock_guard lock(noteMutex_);
    return std::exchange(note_, {});
  }

  // In the order of construction: what code uses while it is unloaded outlives it.
  ObjectSource& source_;
  const ObjectTarget target_ = hostTarget();
  PeerLocals peerLocals_;
  ExitList exits_;
  HostSymbols host_;
  SliceTable slices_;
  std::mutex initMutex_; ///< two slices may initialise one peer-local variable
  std::mutex noteMutex_;
  std::string note_;
  llvm::orc::ExecutionSession orc_;
  llvm::orc::ObjectLinkingLayer linker_;
  llvm::orc::JITDylib& code_;
  llvm::orc::JITDylib& replacements_; ///< where the same entries are defined again
  std::shared_mutex mutex_;
  std::unordered_map<Digest, PlacePtr> entries_;
};

} // namespace

std::unique_ptr<Session> Session::open(ObjectSource& source) {
  if (!unwinderAsksIndex())
    throw std::runtime_error(
        "this program can't run compiled code: it does not export _Unwind_Find_FDE to a shared "
        "libgcc_s. Link the target roam-jit into the executable itself, and do not use "
        "-static-libgcc or -static.");
  return std::make_unique<OrcSession>(source);
}

} // namespace roam::jit
