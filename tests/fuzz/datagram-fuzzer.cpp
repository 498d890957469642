// Datagrams of discovery: read, or nothing; and what was read can be sent.
#include "net/discovery/datagram.h"
#include "net/limits.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto datagram = roam::net::Datagram::parse({bytes, size});
  if (datagram && datagram->bytes().size() > roam::limits::datagramBytes)
    __builtin_trap();
  return 0;
}
