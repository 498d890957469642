#include "bench/starts.h"
#include "bench/measure.h"
#include "bench/peers.h"
#include <cstdlib>
#include <map>
#include <regex>
#include <roam/roam.h>

namespace roam::bench {
namespace {

constexpr int rounds = 9;

/// Milliseconds of one call.
template <class Call>
double timeOf(const Call& call) {
  double start = now();
  call();
  return (now() - start) * 1e3;
}

std::string someText() {
  std::string text;
  for (int i = 0; i < 500; ++i)
    text += "word" + std::to_string(i % 37) + " ";
  return text;
}

/// Each N is another constant in the code, so another digest.
template <int N>
double firstWordCount(Cluster& cluster, const Member& peer, const std::string& text) {
  return timeOf([&] {
    auto counts = cluster.on(
        peer,
        [](const std::string& text) {
          std::map<std::string, int> counts;
          std::string word;
          for (char letter : text) {
            if (letter != ' ')
              word += letter;
            else if (!word.empty()) {
              counts[word] += N;
              word.clear();
            }
          }
          return counts;
        },
        text);
    require(counts.size() == 37, "first-call-heavy");
  });
}

template <int... N>
std::vector<double> firstWordCounts(Cluster& cluster, std::integer_sequence<int, N...>) {
  std::string text = someText();
  Member peer = cluster.peers().at(0);
  cluster.on(
      peer, [](int x) { return x; }, 1); // the connection, the worker and the compiler are warm
  return {firstWordCount<N + 1>(cluster, peer, text)...};
}

template <int N>
double firstRegex(Cluster& cluster, const Member& peer) {
  return timeOf([&] {
    bool found = cluster.on(
        peer,
        [](const std::string& text) {
          std::regex date("([0-9]{4})-([0-9]{2})-([0-9]{2})");
          std::smatch parts;
          return std::regex_search(text, parts, date) && std::stoi(parts[1].str()) == 2000 + N;
        },
        "on " + std::to_string(2000 + N) + "-11-21");
    require(found, "first-call-regex");
  });
}

template <int... N>
std::vector<double> firstRegexes(const std::string& cache, std::integer_sequence<int, N...>) {
  Peers peers(1, cache);
  Cluster cluster = connect(peers.addresses());
  Member peer = cluster.peers().at(0);
  cluster.on(
      peer, [](int x) { return x; }, 1);
  return {firstRegex<N>(cluster, peer)...};
}

/// From the start of the process to the first result.
double join(const std::vector<std::string>& options) {
  return timeOf([&] {
    Peers peers(1, "", options);
    Cluster cluster = connect(peers.addresses());
    require(cluster.on(
                cluster.peers().at(0), [](int x) { return x * 7 + 1; }, 5) == 36,
            "join");
  });
}

/// A bundle of what the peers have run.
void bundle(const Peers& peers, const std::string& path) {
  std::string command = roamCommand() + " bundle -o " + path + " --target native --from-cluster " +
                        peers.addresses() + " >/dev/null";
  require(std::system(command.c_str()) == 0, "roam bundle");
}

} // namespace

void benchFirstCallHeavy() {
  TemporaryFolder folder;
  Peers peers(1, folder.path() + "/cache");
  Cluster cluster = connect(peers.addresses());
  auto times = firstWordCounts(cluster, std::make_integer_sequence<int, 12>());
  print("first-call-heavy", median(times), "ms");
}

void benchFirstCallRegex() {
  TemporaryFolder folder;
  auto variants = std::make_integer_sequence<int, 4>();
  print("first-call-regex", median(firstRegexes(folder.path() + "/cache", variants)), "ms");
  print("first-call-regex-object", median(firstRegexes(folder.path() + "/cache", variants)), "ms");
}

void benchJoin() {
  TemporaryFolder folder;
  std::string file = folder.path() + "/join.roam";
  {
    Peers peers(1, "");
    Cluster cluster = connect(peers.addresses());
    cluster.on(
        cluster.peers().at(0), [](int x) { return x * 7 + 1; }, 5);
    bundle(peers, file);
  }
  std::vector<double> bundled, llvm;
  for (int round = 0; round < rounds; ++round) {
    bundled.push_back(join({"--bundle", file}));
    llvm.push_back(join({}));
  }
  print("join", median(bundled), "ms");
  print("join-llvm", median(llvm), "ms");
}

} // namespace roam::bench
