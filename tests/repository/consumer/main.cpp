#include <cstdio>
#include <roam/roam.h>

int main() {
  roam::Cluster cluster = roam::connect();
  int k = 40;
  for (int sum : cluster.map(std::vector<int>{1, 2, 3}, [k](int n) { return n + k; }))
    std::printf("%d\n", sum);
}
