// A thousand clusters, each from its seed, in one thread and simulated time.
//
// A seed that fails is printed. `ROAM_SIMULATION_SEED=SEED roam-simulation-tests` runs it alone and
// prints what happens; once it is mended, it becomes a test of its own below.
#include "tests/simulation/cluster.h"
#include <cstdlib>

namespace roam::simulation {
namespace {

std::string listed(const std::vector<std::string>& lines) {
  std::string all;
  for (auto& line : lines)
    all += line + "\n";
  return all;
}

/// Of one seed; violations fail the test.
Cluster::Counts run(std::uint64_t seed, bool isPrinted = false) {
  Cluster cluster(seed, isPrinted);
  cluster.run();
  EXPECT_EQ(listed(cluster.violations), "") << "of seed " << seed;
  return cluster.counts;
}

std::uint64_t hashOf(std::uint64_t seed) {
  Cluster cluster(seed);
  cluster.run();
  return cluster.hash();
}

/// The parameter counts hundreds of seeds.
class AThousandSeeds : public testing::TestWithParam<unsigned> {};

TEST_P(AThousandSeeds, KeepEveryPromise) {
  Cluster::Counts all;
  for (std::uint64_t seed = GetParam() * 100; seed < (GetParam() + 1) * 100; ++seed) {
    auto counts = run(seed);
    all.maps += counts.maps;
    all.failed += counts.failed;
    all.published += counts.published;
    all.killed += counts.killed;
    all.silences += counts.silences;
  }
  EXPECT_GT(all.maps, all.failed) << "most calls survive";
  EXPECT_GT(all.published, 100u);
  EXPECT_GT(all.killed, 100u);
  EXPECT_GT(all.silences, 100u);
}

INSTANTIATE_TEST_SUITE_P(Simulation, AThousandSeeds, testing::Range(0u, 10u));

TEST(Simulation, TheSameSeedIsTheSameRun) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    EXPECT_EQ(hashOf(seed), hashOf(seed)) << seed;
  EXPECT_NE(hashOf(1), hashOf(2));
}

TEST(Simulation, RunsTheSeedThatIsAskedFor) {
  const char* seed = std::getenv("ROAM_SIMULATION_SEED");
  if (seed == nullptr)
    GTEST_SKIP() << "ROAM_SIMULATION_SEED is not set";
  run(std::stoull(seed), true);
}

} // namespace
} // namespace roam::simulation
