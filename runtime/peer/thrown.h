// An exception of shipped code, as it is told to the origin.
#pragma once
#include "runtime/peer/worker-memory.h"
#include <cstdint>
#include <span>
#include <string>

namespace roam::peer {

struct Thrown {
  std::string type;    ///< exact dynamic type, demangled: "std::out_of_range"
  std::string message; ///< what(); for other types what could be made of them
  std::int64_t code = 0;
  std::string category; ///< of std::system_error
};

/// Describes the exception being handled. Call inside a catch clause.
Thrown describeThrown();

/// Writes the texts where the supervisor reads them, shortened if they don't fit, and their sizes
/// into the answer.
void placeThrown(const Thrown& thrown, std::span<char> text, Answer& answer);

} // namespace roam::peer
