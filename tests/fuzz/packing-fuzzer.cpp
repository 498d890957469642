// Packed slices: unpacked within the limit, or refused.
#include "net/limits.h"
#include "net/slice-packing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto unpacked = roam::net::unpack({bytes, size});
  KJ_IF_MAYBE (slice, unpacked) {
    if (slice->size() > roam::limits::sliceBytes)
      __builtin_trap();
    auto again = roam::net::unpack(roam::net::pack(*slice));
    KJ_IF_MAYBE (same, again) {
      if (*same != *slice)
        __builtin_trap();
    } else {
      __builtin_trap();
    }
  }
  return 0;
}
