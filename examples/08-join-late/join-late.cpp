// A map that is running gets help from a peer that joins the cluster meanwhile.
//
//   1. Bind a name while the late peer is not there yet.
//   2. Map it over numbers. It takes some seconds.
//   3. Start another peer. Before it says where it listens, it has the code of every name. Ask it.
//   4. Count which peer ran how many, and let the late one leave.
//
// Run it with `roam` on PATH, and a peer in ROAM_JOIN.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <map>
#include <roam/live.h>
#include <roam/roam.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

bool command(const std::string& words) {
  std::fflush(stdout); // what is printed comes in order
  return std::system(words.c_str()) == 0;
}

int main() {
  roam::Cluster cluster = roam::connect();
  cluster.publish("develop", [](int) { // 1
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return getppid(); // the process of the peer
  });
  std::vector<int> pictures(1000);
  auto developing = std::async(std::launch::async, [&] { // 2
    return cluster.map(pictures, roam::live<int(int)>("develop"));
  });

  std::FILE* late = popen("exec roam peer --listen 127.0.0.1:0", "r"); // 3
  char address[100] = "";
  if (late == nullptr || std::fscanf(late, "roam peer listening on %99s", address) != 1 ||
      !command(std::string("roam names --join ") + address))
    return 1;

  std::map<std::string, int> counts; // 4
  for (int process : developing.get())
    ++counts[":" + std::to_string(process)];
  bool lateOneHelped = false;
  for (const roam::Member& peer : cluster.peers())
    for (auto& [process, count] : counts)
      if (peer.name.ends_with(process)) {
        bool isLate = peer.address == address;
        std::printf("%s ran %d%s\n", peer.name.c_str(), count, isLate ? ", and came late" : "");
        lateOneHelped |= isLate;
      }
  bool hasLeft = command(std::string("roam drain ") + address);
  return pclose(late) == 0 && hasLeft && lateOneHelped ? 0 : 1;
}
