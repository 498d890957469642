// Names in a store in memory, and bindings for tests.
#pragma once
#include "net/limits.h"
#include "runtime/name-store.h"
#include "runtime/store/sqlite-store.h"
#include "tests/support/manual-clock.h"
#include <gtest/gtest.h>
#include <kj/async-io.h>

namespace roam::test {

inline Digest digestOf(const std::string& code) {
  return Digest::of(std::string_view(code));
}

/// `name` is to be bound to `code`.
inline NamedBinding bindingTo(const std::string& name, const std::string& code) {
  Binding binding;
  binding.digest = digestOf(code);
  binding.signature = "double (double)";
  binding.boundBy = "test:1";
  return {name, binding};
}

inline testing::AssertionResult says(const std::string& text, const std::string& words) {
  if (text.find(words) != text.npos)
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << "'" << text << "' does not say '" << words << "'";
}

/// A store with names, in this process.
class NamesTest : public testing::Test {
 protected:
  ~NamesTest() noexcept override = default;

  template <class T>
  auto get(kj::Promise<T> promise) {
    return promise.wait(loop);
  }
  /// What it failed with; a failed test if it did not.
  template <class T>
  std::string failureOf(kj::Promise<T> promise) {
    KJ_IF_MAYBE (failure, kj::runCatchingExceptions([&] { promise.wait(loop); }))
      return failure->getDescription().cStr();
    ADD_FAILURE() << "expected a failure";
    return {};
  }
  void put(const std::string& key, std::optional<std::string> value) {
    get(store->commit({}, {{key, std::move(value)}}));
  }
  bool has(const std::string& key) { return get(store->get(key)) != nullptr; }
  bool hasCode(const std::string& code) { return has("code/" + digestOf(code).toString()); }

  kj::Promise<NameStore::Announced> announce(const std::string& name, const std::string& code) {
    return names.announce({bindingTo(name, code)}, {{digestOf(code), code}});
  }
  /// The revision of the name.
  std::uint64_t bind(const std::string& name, const std::string& code) {
    auto announced = get(announce(name, code));
    const std::uint64_t revision = announced.bindings.front().binding.revision;
    EXPECT_TRUE(get(names.bind(std::move(announced))));
    return revision;
  }
  /// What the name is bound to now, as its code; "-" if to nothing.
  std::string codeOf(const std::string& name) {
    KJ_IF_MAYBE (entry, get(store->get(keys::names + name)))
      return get(names.code(Binding::read(entry->value).digest));
    return "-";
  }

  kj::AsyncIoContext io = kj::setupAsyncIo();
  kj::WaitScope& loop = io.waitScope;
  ManualClock clock;
  std::unique_ptr<net::Store> store = std::make_unique<store::SqliteStore>(clock.timer(), "");
  NameStore names{*store};
};

} // namespace roam::test
