// A static library: target_link_libraries(volume PRIVATE roam::roam) is all it needs to travel.
#include "parcels.h"

double litres(const Parcel& parcel) {
  return parcel.length * parcel.width * parcel.height / 1000;
}
