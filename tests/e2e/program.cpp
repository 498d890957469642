// A program of its own, that the tests start, start again, and kill.
//
//   roam-e2e-program sum        joins ROAM_JOIN and maps one lambda twice; prints the two sums
//   roam-e2e-program private    starts a private cluster, prints the processes of its peers and
//   workers in one line,
//                               and ends when its standard input does
#include <cstdio>
#include <cstring>
#include <roam/roam.h>
#include <unistd.h>
#include <utility>
#include <vector>

static void sum() {
  roam::Cluster cluster = roam::connect();
  std::vector<int> numbers(200, 3);
  roam::Options options;
  options.chunk = 1; // so that every peer runs some
  for (int round = 0; round < 2; ++round) {
    long sum = 0;
    for (int square : cluster.map(
             numbers, [round](int x) { return x * x + round; }, options))
      sum += square;
    std::printf("%ld\n", sum);
  }
}

static void keepPrivate() {
  roam::Cluster cluster = roam::connect();
  for (auto& [peer, processes] : cluster.onAll([] { return std::pair(getppid(), getpid()); })) {
    auto [supervisor, worker] = processes.get();
    std::printf("%d %d ", supervisor, worker);
  }
  std::printf("\n");
  std::fflush(stdout);
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0)
    ;
}

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "sum") == 0)
    sum();
  else if (argc == 2 && std::strcmp(argv[1], "private") == 0)
    keepPrivate();
  else
    return 2;
}
