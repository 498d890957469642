// A pool of real workers and slices to run on it.
#pragma once
#include "jit/host-target.h"
#include "jit/object-cache.h"
#include "runtime/peer/worker-pool.h"
#include "tests/support/temporary-folder.h"
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <kj/async-io.h>
#include <optional>
#include <string>
#include <vector>

namespace roam::peer {

class MemoryLog final : public net::Log {
 public:
  void line(kj::StringPtr text) override { lines.push_back(text.cStr()); }
  bool has(const std::string& piece) const {
    for (auto& line : lines)
      if (line.find(piece) != std::string::npos)
        return true;
    return false;
  }
  std::vector<std::string> lines;
};

struct TestSlice {
  std::string bytes;
  Digest digest;

  explicit TestSlice(std::string bytes)
      : bytes(std::move(bytes)), digest(Digest::of(this->bytes)) {}
  /// tests/runtime/peer/entries/NAME.cpp, compiled.
  static TestSlice of(const std::string& name) {
    std::ifstream file(std::string(ROAM_ENTRIES) + "/" + name + ".bc", std::ios::binary);
    return TestSlice(std::string(std::istreambuf_iterator<char>(file), {}));
  }
};

inline kj::ArrayPtr<const kj::byte> bytesOf(const std::string& text) {
  return kj::arrayPtr(reinterpret_cast<const kj::byte*>(text.data()), text.size());
}

template <class T>
std::string encoded(std::initializer_list<T> values) {
  return std::string(reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T));
}

template <class T>
std::vector<T> decoded(const kj::Array<const kj::byte>& bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.begin(), values.size() * sizeof(T));
  return values;
}

class PoolTest : public testing::Test {
 public:
  ~PoolTest() noexcept override {} // KJ's may throw, gtest's don't

 protected:
  /// A new ladder and pool, once its workers are ready. `objects`: a folder for compiled objects,
  /// or none.
  WorkerPool& open(unsigned workers, const std::filesystem::path& objects = {}) {
    close();
    cache.reset();
    if (!objects.empty())
      cache.emplace(objects);
    CodeLadder::Options options = ladderOptions();
    options.disk = cache ? &*cache : nullptr;
    compilers = kj::heap<Compilers>(io.unixEventPort, io.provider->getTimer(), log,
                                    kj::str(compilerProgram), workers);
    ladder = kj::heap<CodeLadder>(*compilers, log, std::move(options));
    start(workers, ROAM_WORKER);
    wait(pool->ready());
    return *pool;
  }
  void start(unsigned workers, const char* program) {
    pool = kj::heap<WorkerPool>(io.unixEventPort, io.provider->getTimer(), log, *ladder, quarantine,
                                WorkerPool::Options{workers, kj::str(program), codeLoaded, nullptr,
                                                    nullptr, nullptr, allowance, processorTime});
  }
  /// After this objects are on disk.
  void close() {
    pool = nullptr;
    ladder = nullptr;
    compilers = nullptr;
  }

  virtual CodeLadder::Options ladderOptions() {
    return {.host = jit::hostTarget(), .memoryBytes = limits::objectStoreBytes};
  }

  /// The bytes must live until the promise is done.
  kj::Promise<net::ChunkOutcome> begin(const TestSlice& slice, const std::string& captures,
                                       const std::string& arguments, std::uint64_t count,
                                       std::uint64_t first = 0) {
    return pool->run({slice.digest, bytesOf(captures), bytesOf(arguments), count, first},
                     bytesOf(slice.bytes));
  }
  net::ChunkOutcome run(const TestSlice& slice, const std::string& captures,
                        const std::string& arguments, std::uint64_t count,
                        std::uint64_t first = 0) {
    return wait(begin(slice, captures, arguments, count, first));
  }

  /// What a compiler process makes of a slice.
  std::string objectOf(const TestSlice& slice, jit::Level level = jit::Level::tuned) {
    Compilers own(io.unixEventPort, io.provider->getTimer(), log, kj::str(ROAM_COMPILER), 1);
    auto outcome =
        wait(own.compile(slice.digest, bytesOf(slice.bytes), level, Compilers::Urgency::now));
    return {outcome.object.asChars().begin(), outcome.object.size()};
  }

  template <class T>
  T wait(kj::Promise<T> promise) {
    return io.provider->getTimer()
        .timeoutAfter(60 * kj::SECONDS, kj::mv(promise))
        .wait(io.waitScope);
  }

  /// Runs the loop until the condition holds; false if it doesn't within a minute.
  template <class Condition>
  bool until(Condition&& condition) {
    auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end)
        return false;
      io.provider->getTimer().afterDelay(1 * kj::MILLISECONDS).wait(io.waitScope);
    }
    return true;
  }

  std::size_t codeLoaded = limits::codeLoaded;
  Allowance allowance;
  kj::Duration processorTime = 0 * kj::SECONDS;
  kj::AsyncIoContext io = kj::setupAsyncIo();
  MemoryLog log;
  test::TemporaryFolder directory;
  std::string compilerProgram = ROAM_COMPILER;
  std::optional<jit::ObjectCache> cache;
  kj::Own<Compilers> compilers;
  kj::Own<CodeLadder> ladder;
  Quarantine quarantine{io.provider->getTimer()};
  kj::Own<WorkerPool> pool;
};

/// The failure, or one that no test expects.
inline net::Failure failureOf(net::ChunkOutcome outcome) {
  KJ_IF_MAYBE (failure, outcome.failure)
    return kj::mv(*failure);
  ADD_FAILURE() << "the chunk did not fail";
  return {};
}

} // namespace roam::peer
