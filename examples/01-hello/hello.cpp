// Runs one lambda on every peer, and one over a range.
//
//   1. Join the cluster of ROAM_JOIN, or start a private one.
//   2. Ask each peer who it is.
//   3. Map a lambda with a captured value over numbers.
#include <cstdio>
#include <roam/roam.h>
#include <unistd.h>

int main() {
  roam::Cluster cluster = roam::connect(); // 1

  std::string greeting = "hello from process ";
  for (auto& [peer, result] :
       cluster.onAll([greeting] { return greeting + std::to_string(getpid()); })) // 2
    std::printf("%s: %s\n", peer.name.c_str(), result.get().c_str());

  double rate = 1.65;
  std::vector<double> euros = {1, 2.5, 100};
  std::vector<double> pounds = cluster.map(euros, [=](double e) { return e * rate; }); // 3
  for (double p : pounds)
    std::printf("%.3f\n", p);
}
