// A lambda that calls functions of another file, of a static library and of a shared one.
//
//   1. The code of the first two travels with the lambda: peers need nothing of this program.
//   2. The shared library does not travel: a peer loads its own, or says what to install.
#include "parcels.h"
#include <cstdio>
#include <roam/roam.h>
#include <tuple>

int main() {
  roam::Cluster cluster = roam::connect();
  std::vector<Parcel> parcels = {
      {20, 15, 10, 1.2}, {60, 40, 30, 3.5}, {35, 25, 10, 8}, {50, 50, 50, 20}};
  auto priced = cluster.map(parcels, [](const Parcel& parcel) {
    return std::tuple(label(parcel), litres(parcel), postage(parcel));
  });
  for (auto& [label, litres, euros] : priced)
    std::printf("%s  %6.2f l  %5.2f EUR\n", label.c_str(), litres, euros);
}
