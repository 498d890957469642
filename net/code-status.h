// What a peer knows of one slice and its code: `CodeStatus` of peer.capnp as a value.
#pragma once
#include "jit/slice/digest.h"
#include <cstdint>
#include <string>

namespace roam::net {

/// Where machine code comes from, in the order the places are tried.
enum class Rung : std::uint8_t { none, linked, memory, bundle, disk, peer, shipped, compiled };

/// For people: "linked", "memory", ...
constexpr const char* nameOf(Rung rung) {
  constexpr const char* names[] = {"none", "linked", "memory",  "bundle",
                                   "disk", "peer",   "shipped", "compiled"};
  return names[unsigned(rung)];
}

struct CodeStatus {
  Digest digest;
  std::string description;
  Rung rung = Rung::none;
  std::string cpu;
  unsigned level = 0;
  std::uint64_t sliceBytes = 0, objectBytes = 0, compileNanoseconds = 0;
  std::uint64_t calls = 0, elements = 0, runNanoseconds = 0;
};

} // namespace roam::net
