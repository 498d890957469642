// A map loses two of its four peers, and half of what they had done for it; its sum is right all
// the same.
//
//   1. Start four peers, each a process of this machine, and connect to them.
//   2. Map 2,000 slow tasks over them.
//   3. When a quarter is done, kill a peer; at half of it, a second one. No warning, no farewell.
//   4. Compare the sum with that of a plain loop, and look who is left.
//
// Run it with `roam` on PATH.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <ranges>
#include <roam/roam.h>
#include <string>
#include <thread>
#include <vector>

/// Listens at the address that is added to the list. Ends with this program.
std::FILE* startPeer(std::string& addresses) {
  std::FILE* peer = popen("exec roam peer --listen 127.0.0.1:0 --workers 1", "r");
  char address[100] = "";
  if (peer == nullptr || std::fscanf(peer, "roam peer listening on %99s", address) != 1)
    std::exit(1);
  addresses += (addresses.empty() ? "" : ",") + std::string(address);
  return peer;
}

/// The name of a peer ends with the number of its process.
pid_t processOf(const roam::Member& peer) {
  return std::stoi(peer.name.substr(peer.name.rfind(':') + 1));
}

int main() {
  std::string addresses; // 1
  std::vector<std::FILE*> processes;
  for (int i = 0; i < 4; ++i)
    processes.push_back(startPeer(addresses));
  roam::Cluster cluster = roam::connect(addresses);
  const std::vector<roam::Member> peers = cluster.peers();

  roam::Options options;
  options.progress = [&, killed = 0u](const roam::Progress& progress) mutable { // 3
    if (killed < 2 && progress.done >= (killed + 1) * progress.total / 4) {
      const roam::Member& victim = peers[killed++];
      std::printf("%s is killed when %llu tasks are done\n", victim.name.c_str(),
                  static_cast<unsigned long long>(progress.done));
      kill(processOf(victim), SIGKILL);
    }
  };
  auto numbers = std::views::iota(0, 2000); // 2
  std::vector<long> squares = cluster.map(
      numbers,
      [](int x) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return long(x) * x;
      },
      options);

  long sum = std::accumulate(squares.begin(), squares.end(), 0L), expected = 0; // 4
  for (int x : numbers)
    expected += long(x) * x;
  const std::size_t left = cluster.peers().size();
  std::printf("the sum is %ld, and should be %ld; %zu peers are left\n", sum, expected, left);
  for (const roam::Member& peer : cluster.peers())
    kill(processOf(peer), SIGTERM);
  for (std::FILE* process : processes)
    pclose(process);
  return sum == expected && left == 2 ? 0 : 1;
}
