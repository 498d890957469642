// An embedded store in this process, and a disk that is full when a test wants it.
#pragma once
#include "runtime/store/sqlite-store.h"
#include "tests/runtime/store/engines.h"
#include <csignal>
#include <sys/resource.h>

namespace roam::test {

class SqliteStores : public testing::Test {
 protected:
  ~SqliteStores() noexcept override = default;

  std::unique_ptr<store::SqliteStore> open(const store::StoreSpace& space = {}) {
    return std::make_unique<store::SqliteStore>(io.provider->getTimer(), path, space);
  }
  std::string failureToOpen() {
    KJ_IF_MAYBE (failure, kj::runCatchingExceptions([this] { open(); }))
      return failure->getDescription().cStr();
    return "it opened";
  }
  kj::Promise<net::Committed> put(net::Store& store, const std::string& key,
                                  const std::string& value, net::Lease lease = 0) {
    return store.commit({}, {{key, value, lease}});
  }
  std::string valueOf(net::Store& store, const std::string& key) {
    KJ_IF_MAYBE (entry, store.get(key).wait(loop))
      return entry->value;
    return "-";
  }
  /// "" if it came true.
  template <class T>
  std::string failureOf(kj::Promise<T> promise) {
    KJ_IF_MAYBE (failure, kj::runCatchingExceptions([&] { promise.wait(loop); }))
      return failure->getDescription().cStr();
    return "";
  }

  TemporaryFolder folder;
  const std::string path = folder.path() + "/store";
  kj::AsyncIoContext io = kj::setupAsyncIo();
  kj::WaitScope& loop = io.waitScope;
};

inline testing::AssertionResult has(const std::string& text, const std::string& words) {
  if (text.find(words) != text.npos)
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << "'" << text << "' does not say '" << words << "'";
}

/// Files of this process end here.
class FilesEndAt {
 public:
  explicit FilesEndAt(rlim_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FilesEndAt() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, SIG_DFL);
  }

 private:
  rlimit before_;
};

} // namespace roam::test
