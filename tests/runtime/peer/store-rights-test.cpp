// What those who reach a cluster's store through a peer may change there.
#include "net/remote-store.h"
#include "runtime/name-store.h"
#include "runtime/peer/store-rights.h"
#include "runtime/store-records.h"
#include "runtime/store/sqlite-store.h"
#include <gtest/gtest.h>
#include <kj/async-io.h>

namespace roam::peer {
namespace {

using net::Rights;

class StoreRightsTest : public testing::Test {
 protected:
  ~StoreRightsTest() noexcept override = default;

  /// Why these writes fail for a visitor; empty if they don't.
  std::string failureOf(Rights rights, std::vector<net::StoreWrite> writes) {
    net::RemoteStore remote([this, rights] { return clientOf(rights); }, timer);
    KJ_IF_MAYBE (failure, kj::runCatchingExceptions(
                              [&] { remote.commit({}, std::move(writes)).wait(io.waitScope); }))
      return failure->getDescription().cStr();
    return {};
  }
  kj::Promise<protocol::Store::Client> clientOf(Rights rights) {
    return service.clientForConnection(
        storeRightsOf({"", rights, [this](const net::AuditEvent& event) {
                         heard.push_back(event.name + " " + event.digest);
                       }}));
  }

  kj::AsyncIoContext io = kj::setupAsyncIo();
  kj::Timer& timer = io.provider->getTimer();
  store::SqliteStore store{timer, ""};
  net::StoreService service{store, timer};
  std::vector<std::string> heard;
};

TEST_F(StoreRightsTest, NamesAreChangedByWhoMayBindThem) {
  for (const char* key : {"names/a", "history/a@1", "code/abc"}) {
    EXPECT_EQ(failureOf({.call = true, .bind = true}, {{key, "x"}}), "") << key;
    EXPECT_NE(failureOf({.call = true, .bring = true}, {{key, "y"}})
                  .find("this connection has no right to change names"),
              std::string::npos)
        << key;
    EXPECT_EQ(store.get(key)
                  .wait(io.waitScope)
                  .map([](auto& entry) { return entry.value; })
                  .orDefault(""),
              "x");
  }
}

TEST_F(StoreRightsTest, WhoMayBindNamesChangesNothingElse) {
  for (const char* key : {"members/10.0.0.7:7070", "revoked/1", "quarantine/abc", "namesake"})
    EXPECT_NE(failureOf({.call = true, .bind = true}, {{"names/a", "x"}, {key, "x"}})
                  .find("and nothing else of the store: not " + std::string(key)),
              std::string::npos)
        << key;
  EXPECT_EQ(store.list("").wait(io.waitScope).entries.size(), 0u);
}

TEST_F(StoreRightsTest, PeersAndAdministratorsChangeAll) {
  EXPECT_EQ(failureOf(net::rightsOf(net::Role::peer), {{"members/10.0.0.7:7070", "x"}}), "");
  EXPECT_EQ(failureOf(net::rightsOf(net::Role::admin), {{"revoked/1", "x"}}), "");
}

TEST_F(StoreRightsTest, LeasesAreForPeers) {
  auto grantFor = [this](Rights rights) {
    net::RemoteStore remote([this, rights] { return clientOf(rights); }, timer);
    return kj::runCatchingExceptions([&] { remote.grant(3 * kj::SECONDS).wait(io.waitScope); }) ==
           nullptr;
  };
  EXPECT_TRUE(grantFor(net::rightsOf(net::Role::peer)));
  EXPECT_FALSE(grantFor({.call = true, .bring = true, .bind = true}));
}

TEST_F(StoreRightsTest, WhatWasBoundIsAccountedForOnceItIs) {
  Binding binding;
  binding.digest = Digest::of(std::string_view("code"));
  const std::string value = binding.write();
  EXPECT_EQ(failureOf({.call = true, .bind = true}, {{"names/price", value}}), "");
  EXPECT_EQ(heard, std::vector<std::string>{"price " + binding.digest.toString()});
  net::RemoteStore remote([this] { return clientOf({.call = true, .bind = true}); }, timer);
  auto committed = remote.commit({{"names/price", 0}}, {{"names/price", value}}).wait(io.waitScope);
  EXPECT_FALSE(committed.done);
  EXPECT_EQ(heard.size(), 1u) << "nothing was bound";
}

} // namespace
} // namespace roam::peer
