// A program of its own, that the tests start, start again, and kill.
//
//   roam-e2e-program sum        joins ROAM_JOIN and maps one lambda twice; prints the two sums
//   roam-e2e-program sort       joins ROAM_JOIN and calls one lambda of many functions, with state
//   roam-e2e-program visit      joins ROAM_JOIN and counts in a variable of the peer; prints it
//   roam-e2e-program private    starts a private cluster, prints the processes of its peers and
//   workers in one line,
//                               and ends when its standard input does
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <roam/roam.h>
#include <string>
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

static int busy(int x) {
  static int calls = 0;
  std::map<std::string, std::vector<int>> all;
  for (int i = 0; i < x; ++i)
    all[std::to_string(i % 7)].push_back(x ^ i);
  for (auto& [name, numbers] : all)
    std::sort(numbers.begin(), numbers.end());
  return all["3"].front() + ++calls;
}

static void sort() {
  roam::Cluster cluster = roam::connect();
  std::printf("%d\n", cluster.async([](int x) { return busy(x); }, 100).get());
}

[[roam::peer_local]] int visits;

static void visit() {
  roam::Cluster cluster = roam::connect();
  std::printf("%d\n", cluster.async([] { return ++visits; }).get());
}

/// Another closure, in another program: the same variable.
static void visitTwice() {
  roam::Cluster cluster = roam::connect();
  std::printf("%d\n", cluster.async([] { return visits += 2; }).get());
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
  else if (argc == 2 && std::strcmp(argv[1], "sort") == 0)
    sort();
  else if (argc == 2 && std::strcmp(argv[1], "visit") == 0)
    visit();
  else if (argc == 2 && std::strcmp(argv[1], "visit twice") == 0)
    visitTwice();
  else if (argc == 2 && std::strcmp(argv[1], "private") == 0)
    keepPrivate();
  else
    return 2;
}
