// Prices, in a file that knows nothing of clusters.
#include "parcels.h"
#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <zlib.h>

namespace {

struct Band {
  double kilograms, euros;
};
constexpr Band bands[] = {{2, 4.99}, {5, 6.99}, {10, 9.49}, {31.5, 16.49}};

} // namespace

double postage(const Parcel& parcel) {
  double charged = std::max(parcel.kilograms, litres(parcel) / 5); // bulky ones by their volume
  for (const Band& band : bands)
    if (charged <= band.kilograms)
      return band.euros;
  throw std::invalid_argument("no postage: heavier than 31.5 kg");
}

std::string label(const Parcel& parcel) {
  auto bytes = reinterpret_cast<const Bytef*>(&parcel);
  char text[16];
  std::snprintf(text, sizeof text, "%08lX", crc32(0, bytes, sizeof parcel));
  return text;
}
