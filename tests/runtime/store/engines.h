// The stores that the suite runs against, each with what can be done to it from outside.
#pragma once
#include "net/store.h"
#include "tests/support/temporary-folder.h"
#include <gtest/gtest.h>
#include <kj/async-io.h>
#include <memory>
#include <string>

namespace roam::test {

/// A store, and ways to it.
class Engine {
 public:
  virtual ~Engine() noexcept(false) = default;
  /// A way of its own to the one store, as another peer has it.
  virtual kj::Own<net::Store> client() = 0;
  /// Breaks all connections of clients. They may connect again at once.
  virtual void cut() {}
  /// Ends the store's process by SIGKILL, and starts it again with what is on its disk.
  virtual void killAndRestart() {}
  /// Forgets history, at least up to what was the revision before the last writes.
  virtual void compact(net::Store& store) = 0;
};

/// How an engine is made.
struct EngineKind {
  const char* name;
  std::unique_ptr<Engine> (*make)(kj::AsyncIoContext& io, const std::string& folder);
};

/// In this process, on the disk.
extern const EngineKind sqliteEngine;
/// In a process of its own, over connections that can be cut.
extern const EngineKind servedEngine;
/// A real etcd, over connections that can be cut.
extern const EngineKind etcdEngine;

inline std::string nameOf(const testing::TestParamInfo<EngineKind>& info) {
  return info.param.name;
}

/// A store on a loop with real time.
class StoreTest : public testing::TestWithParam<EngineKind> {
 protected:
  StoreTest() : engine(GetParam().make(io, folder.path())), store(engine->client()) {}
  ~StoreTest() noexcept override = default;

  /// Waits, but not for ever.
  template <class T>
  auto get(kj::Promise<T> promise) {
    return io.provider->getTimer().timeoutAfter(30 * kj::SECONDS, kj::mv(promise)).wait(loop);
  }
  /// What it failed with; a failed test if it did not.
  template <class T>
  kj::Exception failureOf(kj::Promise<T> promise) {
    KJ_IF_MAYBE (failure, kj::runCatchingExceptions([&] { get(kj::mv(promise)); }))
      return kj::mv(*failure);
    ADD_FAILURE() << "expected a failure";
    return kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__);
  }
  void pass(kj::Duration time) { io.provider->getTimer().afterDelay(time).wait(loop); }

  net::Revision put(const std::string& key, const std::string& value, net::Lease lease = 0) {
    return get(store->commit({}, {{key, value, lease}})).revision;
  }
  net::Revision remove(const std::string& key) {
    return get(store->commit({}, {{key, std::nullopt, 0}})).revision;
  }
  /// The value, or "-".
  std::string valueOf(const std::string& key) {
    KJ_IF_MAYBE (entry, get(store->get(key)))
      return entry->value;
    return "-";
  }
  net::Revision revision() { return get(store->list("no such key")).revision; }

  TemporaryFolder folder;
  kj::AsyncIoContext io = kj::setupAsyncIo();
  kj::WaitScope& loop = io.waitScope;
  std::unique_ptr<Engine> engine;
  kj::Own<net::Store> store;
};

inline testing::AssertionResult says(const kj::Exception& failure, const std::string& words) {
  if (std::string(failure.getDescription().cStr()).find(words) != std::string::npos)
    return testing::AssertionSuccess();
  return testing::AssertionFailure()
         << "'" << failure.getDescription().cStr() << "' does not say '" << words << "'";
}

/// "key=value", or "key-" if it was removed.
inline std::string textOf(const net::StoreEvent& event) {
  return event.key + (event.value ? "=" + *event.value : "-");
}
/// All, with blanks between, and " |" between revisions.
inline std::string textOf(const std::vector<net::StoreEvent>& events) {
  std::string text;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (i > 0)
      text += events[i].revision != events[i - 1].revision ? " | " : " ";
    text += textOf(events[i]);
  }
  return text;
}

} // namespace roam::test
