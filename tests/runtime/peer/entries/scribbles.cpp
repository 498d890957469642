// Writes random bytes, from the captured seed, into what its process shares with the supervisor.
#include "entry-main.h"
#include <cstdio>
#include <unistd.h>

namespace {

std::uint64_t state;

std::uint64_t next() { // splitmix64
  std::uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

} // namespace

ENTRY() {
  state = read<std::uint64_t>(captures);
  std::FILE* maps = std::fopen("/proc/self/maps", "r");
  char line[512];
  unsigned long begin = 0, end = 0;
  bool found = false;
  while (!found && std::fgets(line, sizeof line, maps) != nullptr)
    found = std::strstr(line, "memfd:roam-worker") != nullptr &&
            std::sscanf(line, "%lx-%lx", &begin, &end) == 2;
  std::fclose(maps);
  if (!found)
    return roam::Outcome::badCaptures;
  auto* shared = reinterpret_cast<volatile char*>(begin);
  // Where both sides meet, then the text of the first slot; not `submitted` alone, on which the
  // worker sleeps for ever.
  for (std::uint64_t i = next() % 64; i > 0; --i) {
    std::uint64_t at = next() % (next() % 4 == 0 ? 72 << 10 : 4096);
    for (std::uint64_t size = 1 + next() % 16; size > 0; --size)
      shared[at + size] = static_cast<char>(next() % 3 == 0 ? 0xff : next());
  }
  std::int64_t id = getpid();
  out->write(&id, 8);
  if (next() % 8 == 0)
    _exit(0);
  return roam::Outcome::done;
}
