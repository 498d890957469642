// What a connection may do, call by call: each is made with every set of rights.
#include "net/store-door.h"
#include "net/store-service.h"
#include "tests/net/session.h"
#include <map>

namespace roam::test {
namespace {

using net::Rights;

/// What the audit heard: "brought" becomes "brought DIGEST".
class Account final : public net::Audit {
 public:
  void happened(const net::Caller& who, const char* from, const net::AuditEvent& event) override {
    static constexpr const char* words[] = {"connected", "refused", "brought", "called",
                                            "bound",     "drained", "released"};
    EXPECT_STREQ(from, "10.0.0.7:1");
    all.push_back(who.name + " " + words[int(event.what)] +
                  (event.digest.empty() ? "" : " " + event.digest) +
                  (event.what == net::AuditEvent::What::refused ? " " + event.detail : ""));
  }
  std::vector<std::string> all;
};

class Door final : public net::StoreDoor {
 public:
  kj::Promise<net::StoreAccess> open(Visitor visitor) override {
    opened.push_back(visitor.rights);
    return net::failed("there is none");
  }
  std::vector<Rights> opened;
};

class RightsTest : public Session {
 protected:
  ~RightsTest() noexcept override = default;

  /// A session of a caller with these rights, who is connected for as long as the test runs.
  protocol::Session::Client sessionOf(Rights rights, const std::string& name = "anna") {
    if (host == nullptr) {
      host = startHost();
      host->host.setAudit(account);
      host->host.setStoreDoor(door);
    }
    auto pipe = kj::newTwoWayPipe();
    served.push_back(host->host.serve(kj::mv(pipe.ends[0]), kj::str("10.0.0.7:1"), {name, rights})
                         .eagerlyEvaluate(nullptr));
    connections.push_back(kj::heap<net::Connection>(kj::mv(pipe.ends[1])));
    return rawSession(*connections.back());
  }
  /// Why the call fails; empty if it does not.
  template <class Request>
  std::string failureOf(Request request) {
    KJ_IF_MAYBE (failure, kj::runCatchingExceptions([&] { request.send().wait(loop); }))
      return failure->getDescription().cStr();
    return {};
  }
  std::string failureOfRun(protocol::Session::Client session, const Job& job,
                           const std::string* slice) {
    auto result = rawRun(session, job, slice).wait(loop);
    if (!result.hasFailure())
      return {};
    EXPECT_EQ(result.getFailure().getKind(), protocol::Failure::Kind::FORBIDDEN);
    return result.getFailure().getMessage().cStr();
  }

  std::unique_ptr<TestHost> host;
  Account account;
  Door door;
  std::vector<kj::Own<net::Connection>> connections;
  std::vector<kj::Promise<void>> served;
};

testing::AssertionResult lacks(const std::string& failure, const std::string& right) {
  std::string words = "anna has no right to " + right + " here";
  if (failure.find(words) != failure.npos)
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << "'" << failure << "' does not say '" << words << "'";
}

/// Every call of Session but ping and neighbours, which do nothing for those who have no right, and
/// run. By its name: the right that it takes, and what a caller without it may not do.
struct Taken {
  bool Rights::*right;
  const char* what;
  std::function<std::string(protocol::Session::Client)> call;
};

class EachCall : public RightsTest {
 public:
  std::map<std::string, Taken> calls() {
    auto plain = [this](auto make) {
      return [this, make](protocol::Session::Client session) { return failureOf(make(session)); };
    };
    return {
        {"have", {&Rights::call, "ask for code", plain([](auto& s) { return s.haveRequest(); })}},
        {"put", {&Rights::bring, "bring new code", plain([](auto& s) { return s.putRequest(); })}},
        {"get", {&Rights::call, "ask for code", plain([](auto& s) { return s.getRequest(); })}},
        {"status",
         {&Rights::call, "ask for the status", plain([](auto& s) { return s.statusRequest(); })}},
        {"codes",
         {&Rights::call, "ask what was run", plain([](auto& s) { return s.codesRequest(); })}},
        {"store",
         {&Rights::call, "use the store", plain([](auto& s) { return s.storeRequest(); })}},
        {"drain", {&Rights::administer, "have peers leave", plain([](auto& s) {
                     auto request = s.drainRequest();
                     request.setName("host:1");
                     return request;
                   })}},
        {"object", {&Rights::peer, "ask for compiled code, which peers do", plain([](auto& s) {
                      auto request = s.objectRequest();
                      request.setDigest(net::bytesOf(Digest()));
                      return request;
                    })}},
    };
  }
};

TEST_F(EachCall, TakesItsRightAndNoOther) {
  const Rights none;
  for (auto& [name, taken] : calls()) {
    Rights allBut = Rights::all(), only = none;
    allBut.*taken.right = false;
    only.*taken.right = true;
    EXPECT_TRUE(lacks(taken.call(sessionOf(allBut)), taken.what)) << name;
    std::string failure = taken.call(sessionOf(only));
    EXPECT_EQ(failure.find("no right"), failure.npos) << name << ": " << failure;
  }
}

TEST_F(RightsTest, RunningCodeThatIsHereTakesTheRightToCall) {
  Job job("3 7");
  EXPECT_EQ(failureOfRun(sessionOf(Rights::all()), job, &job.formula), "");
  EXPECT_EQ(failureOfRun(sessionOf({.call = true}), job, nullptr), "");
  Rights other = Rights::all();
  other.call = false;
  EXPECT_TRUE(lacks(failureOfRun(sessionOf(other), job, nullptr), "call code"));
  EXPECT_EQ(host->runner.begun, 2u);
}

TEST_F(RightsTest, RunningCodeThatIsNewTakesTheRightToBringItToo) {
  Job job("3 7");
  Rights other = Rights::all();
  other.bring = false;
  EXPECT_TRUE(lacks(failureOfRun(sessionOf(other), job, &job.formula), "bring new code"));
  EXPECT_EQ(host->runner.begun, 0u);
  EXPECT_FALSE(host->store.has(job.entry));
  EXPECT_EQ(failureOfRun(sessionOf({.call = true, .bring = true}), job, &job.formula), "");
}

TEST_F(RightsTest, OnlyPeersAreBelievedAboutPeers) {
  Rights other = Rights::all();
  other.peer = false;
  for (Rights rights : {other, Rights{.peer = true}}) {
    auto request = sessionOf(rights).neighboursRequest();
    request.setYou("127.0.0.1:1");
    request.send().wait(loop);
    EXPECT_EQ(host->acquaintances.all.size(), rights.peer ? 1u : 0u);
  }
}

TEST_F(RightsTest, TheStoreHearsWhatItsVisitorsMayDo) {
  Rights rights{.call = true, .bind = true};
  EXPECT_NE(failureOf(sessionOf(rights).storeRequest()).find("there is none"), std::string::npos);
  EXPECT_EQ(door.opened, std::vector<Rights>{rights});
}

TEST_F(RightsTest, RolesHaveTheirRights) {
  EXPECT_EQ(net::rightsOf(net::Role::admin), Rights::all());
  EXPECT_FALSE(net::rightsOf(net::Role::call).bring);
  EXPECT_FALSE(net::rightsOf(net::Role::submit).bind);
  EXPECT_FALSE(net::rightsOf(net::Role::submit).peer);
  EXPECT_TRUE(net::rightsOf(net::Role::peer).peer);
  EXPECT_FALSE(net::rightsOf(net::Role::peer).administer);
}

TEST_F(RightsTest, TheAuditHearsWhoBroughtAndCalledWhatAndWhatWasRefused) {
  Job job("3 7");
  const std::string digest = " " + job.entry.toString();
  auto session = sessionOf({.call = true, .bring = true});
  for (int i = 0; i < 3; ++i)
    failureOfRun(session, job, &job.formula);
  auto drain = session.drainRequest();
  drain.setName("host:1");
  failureOf(kj::mv(drain));
  EXPECT_EQ(account.all,
            (std::vector<std::string>{"anna connected", "anna brought" + digest,
                                      "anna called" + digest, "anna refused have peers leave"}));
}

TEST_F(RightsTest, AHostOfSignedCodeTakesNoOther) {
  Job job("3 7");
  auto session = sessionOf(Rights::all());
  host->store.takeOnlyFromSource();
  auto result = rawRun(session, job, &job.formula).wait(loop);
  ASSERT_TRUE(result.hasFailure());
  EXPECT_NE(std::string(result.getFailure().getMessage().cStr()).find("signed code only"),
            std::string::npos);
  EXPECT_FALSE(host->store.put(job.entry, bytesOf(job.formula)));
  EXPECT_EQ(host->runner.begun, 0u);
}

} // namespace
} // namespace roam::test
