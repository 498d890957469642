// Closures of a program that are not its machine code, though others of it are.
#include "tests/e2e/linked/unlinked.h"
#include <unistd.h>

namespace roam::e2e {

int processOfUnlinked(Cluster& cluster) {
  // Not what a linked closure does as well: that would be the same digest.
  return cluster.async([](int more) { return int(getpid()) + more; }, 0).get();
}

void publishUnlinked(Cluster& cluster, const std::string& name) {
  int more = 0;
  cluster.publish(name, [more] { return int(getpid()) + more; });
}

} // namespace roam::e2e
