// A program with a peer inside, to which it sends a closure that is linked into it.
#include <cstdio>
#include <roam/peer.h>
#include <roam/roam.h>
#include <unistd.h>

int main() {
  roam::PeerOptions options;
  options.workers = 1;
  roam::Peer peer(options);
  roam::Cluster cluster = roam::connect(peer.addresses().front());
  int process = cluster.async([] { return int(getpid()); }).get();
  std::puts(process == getpid() ? "here" : "elsewhere");
}
