// One worker process without a pool: what it does with single requests, and what is left of it when
// it can't be watched.
#include "tests/runtime/peer/pool-fixture.h"
#include <cerrno>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace roam::peer {
namespace {

/// Keeps the answers.
class Answers final : public WorkerEvents {
 public:
  void onReady(WorkerProcess&) override {}
  void onCompiled(WorkerProcess&, unsigned, kj::ArrayPtr<const kj::byte>) override {}
  void onAnswered(WorkerProcess& worker, unsigned slot) override {
    kinds.push_back(worker.take(slot).answer.kind);
  }
  void onEnded(WorkerProcess&, kj::StringPtr how) override { ADD_FAILURE() << how.cStr(); }

  std::vector<AnswerKind> kinds; ///< in the order of the slots that were looked at
};

class WorkerProcessTest : public PoolTest {
 protected:
  kj::Own<WorkerProcess> start() {
    return kj::heap<WorkerProcess>(io.unixEventPort, io.provider->getTimer(), ROAM_WORKER, answers,
                                   WorkerProcess::Prints::lines);
  }
  unsigned submit(WorkerProcess& worker, Request request, const TestSlice& slice,
                  const std::string& captures, const std::string& arguments = "") {
    request.entry = slice.digest;
    request.count = 1;
    kj::ArrayPtr<const kj::byte> code =
        request.code == CodeKind::none ? nullptr : bytesOf(objects.at(slice.digest));
    return worker.submit(request, bytesOf(captures), bytesOf(arguments), code);
  }
  AnswerKind nextAnswer() {
    std::size_t had = answers.kinds.size();
    EXPECT_TRUE(until([&] { return answers.kinds.size() > had; }));
    return answers.kinds.back();
  }

  Answers answers;
  std::unordered_map<Digest, std::string> objects;
};

TEST_F(WorkerProcessTest, ARequestThatWasTakenBackStillUnloadsWhatThePoolHasForgotten) {
  auto worker = start();
  ASSERT_TRUE(until([&] { return worker->isReady(); }));
  TestSlice waits = TestSlice::of("waits"), square = TestSlice::of("square");
  std::string path = directory.file("a"), captures = encoded<std::int64_t>({0}),
              arguments = encoded<std::int64_t>({3});
  for (const TestSlice* slice : {&waits, &square})
    objects[slice->digest] = objectOf(*slice);
  submit(*worker, {.code = CodeKind::object}, square, captures, arguments);
  ASSERT_EQ(nextAnswer(), AnswerKind::done);
  submit(*worker, {}, square, captures, arguments);
  ASSERT_EQ(nextAnswer(), AnswerKind::done) << "it is loaded";

  submit(*worker, {.code = CodeKind::object}, waits, path);
  ASSERT_TRUE(until([&] { return std::filesystem::exists(path + ".begun"); }));
  unsigned slot = submit(*worker, {.unload = square.digest, .code = CodeKind::object}, waits, path);
  ASSERT_TRUE(worker->takeBack(slot));
  std::ofstream(path + ".go").put('\n');
  ASSERT_TRUE(until([&] { return worker->open() == 0; }));
  submit(*worker, {}, square, captures, arguments);
  EXPECT_EQ(nextAnswer(), AnswerKind::codeMissing);
}

/// Lets this process have so many descriptors, while it lives.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(rlim_t count) {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit limited = before_;
    limited.rlim_cur = count;
    setrlimit(RLIMIT_NOFILE, &limited);
  }
  ~DescriptorLimit() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_;
};

TEST_F(WorkerProcessTest, NoProcessIsLeftOfOneThatCannotBeWatched) {
  unsigned failures = 0;
  kj::Own<WorkerProcess> worker;
  rlim_t allowed = rlim_t(kj::AutoCloseFd(dup(0)).get()); // the next descriptor, and no more
  for (; worker.get() == nullptr && failures < 64; ++allowed) {
    try {
      DescriptorLimit limit(allowed);
      worker = start();
    } catch (const std::system_error& error) {
      ++failures;
      EXPECT_EQ(error.code().value(), EMFILE) << error.what();
      EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a process is left: " << error.what();
      EXPECT_EQ(errno, ECHILD);
    }
  }
  ASSERT_NE(worker.get(), nullptr);
  EXPECT_GE(failures, 5u) << "memory, eventfd, pipe, pidfd";
}

} // namespace
} // namespace roam::peer
