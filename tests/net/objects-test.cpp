// Objects that come with slices, and that peers ask each other for.
#include "net/objects.h"
#include "tests/net/session.h"

using namespace roam;
using namespace roam::test;

namespace {

net::ObjectAnswer objectOf(const std::string& bytes) {
  net::ObjectAnswer answer;
  answer.kind = net::ObjectAnswer::Kind::object;
  answer.object = kj::heapArray<const kj::byte>(bytesOf(bytes).begin(), bytes.size());
  return answer;
}

using Kind = net::ObjectAnswer::Kind;

} // namespace

TEST_F(Session, AHelloTellsTheTargetOfTheHostsWorkers) {
  auto host = startHost();
  EXPECT_FALSE(connect()->target());
  host->host.setTarget(targetWith({"avx"}));
  EXPECT_EQ(connect()->target(), targetWith({"avx"}));
}

TEST_F(Session, ATargetThatCantBeReadCountsAsNone) {
  EXPECT_FALSE(net::readTarget("a target of the next century"));
  EXPECT_FALSE(net::readTarget(""));
  std::string tooLong = targetWith({std::string(limits::targetBytes, 'x')}).toText();
  EXPECT_FALSE(net::readTarget(tooLong.c_str()));
}

TEST_F(Session, TheBestObjectThatRunsOnTheHostTravelsWithTheSlice) {
  auto host = startHost();
  host->host.setTarget(targetWith({"avx", "sse2"}));
  auto peer = connect();
  Job job("3 7");
  std::string plain = "for everyone", better = "for many", tooNew = "for newer machines";
  net::ShippedObject objects[] = {{targetWith({"sse2"}), bytesOf(plain)},
                                  {targetWith({"avx", "sse2"}), bytesOf(better)},
                                  {targetWith({"avx", "avx512f", "sse2"}), bytesOf(tooNew)}};
  net::Code code{bytesOf(job.formula), "", objects};
  for (int i = 0; i < 2; ++i)
    peer->run(job.chunk(), code, nullptr).wait(loop);
  ASSERT_EQ(host->runner.offered.size(), 1u);
  EXPECT_EQ(host->runner.offered[0], std::pair(job.entry, better));
}

TEST_F(Session, NoObjectsTravelToAHostThatTakesNone) {
  auto host = startHost();
  auto peer = connect();
  Job job("3 7");
  std::string plain = "for everyone";
  net::ShippedObject objects[] = {{targetWith({}), bytesOf(plain)}};
  peer->run(job.chunk(), {bytesOf(job.formula), "", objects}, nullptr).wait(loop);
  EXPECT_TRUE(host->runner.offered.empty());
}

TEST_F(Session, AnEntryThatTheHostHasItselfNeedsNoSlice) {
  auto host = startHost();
  auto peer = connect();
  Job job("3 7");
  host->runner.own.push_back(job.entry);
  EXPECT_EQ(numbersIn(run(*peer, job).wait(loop)), (Numbers{1001, 1002, 1003}));
  EXPECT_EQ(peer->counters().slicesShipped, 0u);
}

TEST_F(Session, AQuestionForAnObjectArrivesWholeAndSoDoesItsAnswer) {
  auto host = startHost();
  host->host.setTarget(targetWith({"avx"}));
  auto peer = connect();
  Job job("3 7");
  std::vector<net::ObjectQuestion> asked;
  host->runner.answerObject = [&](net::ObjectQuestion question) {
    EXPECT_TRUE(question.slice == nullptr || question.slice == bytesOf(job.formula));
    asked.push_back(kj::mv(question));
    if (asked.back().slice != nullptr)
      return objectOf("machine code");
    net::ObjectAnswer answer;
    answer.kind = asked.back().mayCompile ? Kind::wantSlice : Kind::none;
    return answer;
  };
  net::ObjectQuestion question{job.entry, targetWith({"avx"}), nullptr, false};
  EXPECT_EQ(peer->object(question).wait(loop).kind, Kind::none);
  question.mayCompile = true;
  EXPECT_EQ(peer->object(question).wait(loop).kind, Kind::wantSlice);
  question.slice = bytesOf(job.formula);
  auto answer = peer->object(question).wait(loop);
  EXPECT_EQ(answer.kind, Kind::object);
  EXPECT_EQ(answer.object, bytesOf(std::string("machine code")));
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_EQ(asked[2].digest, job.entry);
  EXPECT_EQ(asked[2].target, targetWith({"avx"}));
  EXPECT_TRUE(host->store.has(job.entry)) << "what was sent to be compiled is kept";
}

TEST_F(Session, ADamagedQuestionForAnObjectIsRefusedInWords) {
  auto host = startHost();
  auto connection = rawConnection();
  auto session = rawSession(*connection);
  host->host.setTarget(targetWith({}));
  Job job("3 7");
  auto request = session.objectRequest();
  request.setDigest(net::bytesOf(job.entry));
  request.setTarget("nonsense");
  EXPECT_TRUE(contains(request.send().wait(loop).getRefused(), "target"));

  request = session.objectRequest();
  request.setDigest(net::bytesOf(job.entry));
  request.setTarget(targetWith({}).toText().c_str());
  setSlice(request.initSlices(1)[0], job.entry, "other bytes");
  EXPECT_TRUE(contains(request.send().wait(loop).getRefused(), "arrived damaged"));

  request = session.objectRequest();
  request.setDigest(bytesOf(std::string("short")));
  request.setTarget(targetWith({}).toText().c_str());
  EXPECT_TRUE(
      contains(failureOf(request.send().ignoreResult(), loop).getDescription(), "32 bytes"));
}

TEST_F(Session, AConnectionAsksForNoMoreObjectsAtATimeThanItsLimit) {
  auto host = startHost();
  host->host.setTarget(targetWith({}));
  auto peer = connect();
  unsigned begun = 0;
  host->runner.answerObject = [&](net::ObjectQuestion) -> kj::Promise<net::ObjectAnswer> {
    ++begun;
    return kj::NEVER_DONE;
  };
  std::vector<kj::Promise<net::ObjectAnswer>> waiting;
  net::ObjectQuestion question{Digest::of("some slice"), targetWith({}), nullptr, false};
  for (unsigned i = 0; i < limits::objectsAsked; ++i)
    waiting.push_back(peer->object(question));
  auto refused = peer->object(question).wait(loop);
  EXPECT_EQ(refused.kind, Kind::refused);
  EXPECT_TRUE(contains(refused.refusal, "256 objects"));
  EXPECT_EQ(begun, limits::objectsAsked);

  waiting.clear(); // the host is told, and has room again
  loop.poll();
  host->runner.answerObject = [](net::ObjectQuestion) { return objectOf("machine code"); };
  EXPECT_EQ(peer->object(question).wait(loop).kind, Kind::object);
}

TEST_F(Session, AQuestionOfAnotherTargetIsAnsweredNone) {
  auto host = startHost();
  auto peer = connect();
  host->runner.answerObject = [](net::ObjectQuestion) { return objectOf("machine code"); };
  net::ObjectQuestion question{Digest::of("some slice"), targetWith({"avx"}), nullptr, true};
  EXPECT_EQ(peer->object(question).wait(loop).kind, Kind::none);
  host->host.setTarget(targetWith({"avx", "avx2"}));
  EXPECT_EQ(peer->object(question).wait(loop).kind, Kind::none);
  host->host.setTarget(targetWith({"avx"}));
  EXPECT_EQ(peer->object(question).wait(loop).kind, Kind::object);
}

TEST_F(Session, AQuestionFailsWithItsConnection) {
  auto host = startHost();
  host->host.setTarget(targetWith({}));
  auto peer = connect();
  host->runner.answerObject = [](net::ObjectQuestion) -> kj::Promise<net::ObjectAnswer> {
    return kj::NEVER_DONE;
  };
  auto asking = peer->object({Digest::of("some slice"), targetWith({}), nullptr, true});
  EXPECT_FALSE(asking.poll(loop));
  network.cut(hostAddress);
  EXPECT_EQ(failureOf(kj::mv(asking), loop).getType(), kj::Exception::Type::DISCONNECTED);
}

TEST_F(Session, APeerHearsOfOthersUntilItIsToldOtherwiseOrTheOriginGoes) {
  auto host = startHost();
  auto& heard = host->acquaintances.all;
  auto peer = connect();
  net::Neighbour all[] = {{"127.0.0.1:7", "a target"},
                          {std::string(hostAddress.cStr()), "its own"},
                          {"unix:/run/roam", "another"}};
  peer->introduce(all).wait(loop);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard.front().you, hostAddress.cStr());
  ASSERT_EQ(heard.front().others.size(), 2u) << "not of itself";
  EXPECT_EQ(heard.front().others[0].address, "127.0.0.1:7");
  EXPECT_EQ(heard.front().others[0].target, "a target");
  EXPECT_EQ(heard.front().others[1].address, "unix:/run/roam");

  peer->introduce(nullptr).wait(loop);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_TRUE(heard.front().others.empty());
  peer = nullptr;
  loop.poll();
  EXPECT_TRUE(heard.empty());
}

TEST_F(Session, AnOriginThatIntroducesTooManyIsRefused) {
  auto host = startHost();
  auto connection = rawConnection();
  auto session = rawSession(*connection);
  auto request = session.neighboursRequest();
  request.initOthers(limits::neighbours + 1);
  EXPECT_TRUE(contains(failureOf(request.send().ignoreResult(), loop).getDescription(),
                       "1025 peers were introduced"));
  EXPECT_TRUE(host->acquaintances.all.empty());

  request = session.neighboursRequest();
  auto others = request.initOthers(3);
  others[0].setAddress(std::string(limits::addressBytes + 1, 'x').c_str());
  others[1].setTarget(std::string(limits::targetBytes + 1, 'x').c_str());
  others[2].setAddress("127.0.0.1:7");
  request.send().ignoreResult().wait(loop);
  ASSERT_EQ(host->acquaintances.all.front().others.size(), 1u);
  EXPECT_EQ(host->acquaintances.all.front().others[0].address, "127.0.0.1:7");
}
