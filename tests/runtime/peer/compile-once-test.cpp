// A digest is compiled once in a peer, however many ask, and not again after a restart.
#include "jit/object-cache.h"
#include "tests/runtime/peer/pool-fixture.h"

namespace roam::peer {
namespace {

using CompileOnceTest = PoolTest;
using Kind = net::Failure::Kind;

const std::string nothing; // begin() wants bytes that stay

std::vector<std::filesystem::path> filesIn(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> files;
  for (auto& file : std::filesystem::directory_iterator(directory))
    files.push_back(file.path());
  return files;
}

TEST_F(CompileOnceTest, ThirtyTwoChunksOnFourWorkersCompileOnce) {
  open(4);
  TestSlice square = TestSlice::of("square");
  std::string captures = encoded<std::int64_t>({1}), arguments = encoded<std::int64_t>({3});
  std::vector<kj::Promise<net::ChunkOutcome>> promises;
  for (int i = 0; i < 32; ++i)
    promises.push_back(begin(square, captures, arguments, 1));
  for (auto& promise : promises)
    EXPECT_EQ(decoded<std::int64_t>(wait(kj::mv(promise)).results),
              (std::vector<std::int64_t>{10}));
  EXPECT_EQ(pool->counters().compiled, 1u);
  EXPECT_EQ(pool->counters().cacheHits, 0u);
}

TEST_F(CompileOnceTest, OtherWorkersLinkTheObjectWhileTheFirstChunkStillRuns) {
  open(2);
  TestSlice waits = TestSlice::of("waits");
  std::string names[] = {directory.file("0"), directory.file("1")};
  auto first = begin(waits, names[0], nothing, 1), second = begin(waits, names[1], nothing, 1);
  ASSERT_TRUE(until([&] {
    return std::filesystem::exists(names[0] + ".begun") &&
           std::filesystem::exists(names[1] + ".begun");
  }));
  for (auto& name : names)
    std::ofstream(name + ".go").put('\n');
  EXPECT_NE(decoded<std::int64_t>(wait(kj::mv(first)).results),
            decoded<std::int64_t>(wait(kj::mv(second)).results));
  EXPECT_EQ(pool->counters().compiled, 1u);
}

TEST_F(CompileOnceTest, ARestartedPeerCompilesNothing) {
  TestSlice square = TestSlice::of("square"), fills = TestSlice::of("fills");
  for (int round = 0; round < 2; ++round) {
    open(2, directory.file("objects"));
    EXPECT_TRUE(run(square, encoded<std::int64_t>({0}), encoded<std::int64_t>({5}), 1).failure ==
                nullptr);
    EXPECT_TRUE(run(fills, "", encoded<std::uint64_t>({5}), 1).failure == nullptr);
    EXPECT_EQ(pool->counters().compiled, round == 0 ? 2u : 0u);
    EXPECT_EQ(pool->counters().cacheHits, round == 0 ? 0u : 2u);
    close();
  }
}

TEST_F(CompileOnceTest, ADamagedCacheFileIsFoundAndMadeAgain) {
  TestSlice square = TestSlice::of("square");
  auto once = [&] {
    open(1, directory.file("objects"));
    EXPECT_TRUE(run(square, encoded<std::int64_t>({0}), encoded<std::int64_t>({5}), 1).failure ==
                nullptr);
    net::ClosureRunner::Counters counters = pool->counters();
    close();
    return counters;
  };
  once();
  auto files = filesIn(directory.file("objects"));
  ASSERT_EQ(files.size(), 1u);
  {
    std::fstream file(files[0], std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(200);
    file.put('\xee');
  }
  EXPECT_EQ(once().compiled, 1u);
  EXPECT_TRUE(log.has("damaged")) << "nobody was told";
  EXPECT_EQ(once().cacheHits, 1u);
}

TEST_F(CompileOnceTest, AnObjectThatIsNoObjectIsMadeAgainFromTheSlice) {
  TestSlice square = TestSlice::of("square");
  open(1, directory.file("objects"));
  run(square, encoded<std::int64_t>({0}), encoded<std::int64_t>({5}), 1);
  close(); // by now the object is on disk
  std::string nonsense = "\x7f"
                         "ELF, but nothing more";
  CompiledObject object{.slice = square.digest, .target = jit::hostTarget()};
  object.code = std::as_bytes(std::span(nonsense));
  ASSERT_TRUE(cache->keep(object.write()));

  open(1, directory.file("objects"));
  net::ChunkOutcome outcome =
      run(square, encoded<std::int64_t>({0}), encoded<std::int64_t>({5}), 1);
  EXPECT_EQ(decoded<std::int64_t>(outcome.results), (std::vector<std::int64_t>{25}));
  EXPECT_EQ(pool->counters().compiled, 1u);
}

TEST_F(CompileOnceTest, ObjectsForOtherCpusAreNotKeptOnDisk) {
  TestSlice square = TestSlice::of("square");
  std::string written = objectOf(square);
  CompiledObject object = CompiledObject::read(std::as_bytes(std::span(written)));
  for (bool isForThisCpu : {false, true}) {
    if (!isForThisCpu)
      object.target.cpu += "-or-another"; // with the same features: it runs here
    auto shipped = object.write();
    object.target = jit::hostTarget();
    open(1, directory.file("objects"));
    ladder->offer(square.digest,
                  {reinterpret_cast<const kj::byte*>(shipped.data()), shipped.size()});
    run(square, encoded<std::int64_t>({0}), encoded<std::int64_t>({5}), 1);
    EXPECT_EQ(pool->counters().shipped, 1u);
    close();
    EXPECT_EQ(filesIn(directory.file("objects")).size(), isForThisCpu ? 1u : 0u);
  }
}

TEST_F(CompileOnceTest, WithoutAPlaceOnDiskItWorksAllTheSameAndSaysSo) {
  std::ofstream(directory.file("file")).put('\n');
  open(1, directory.file("file/objects")); // can't be made
  TestSlice square = TestSlice::of("square");
  EXPECT_TRUE(run(square, encoded<std::int64_t>({0}), encoded<std::int64_t>({5}), 1).failure ==
              nullptr);
  close();
  EXPECT_TRUE(log.has("objects")) << "nobody was told";
}

} // namespace
} // namespace roam::peer
