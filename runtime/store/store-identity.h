// What tells one store from all others.
#pragma once
#include <random>
#include <string>

namespace roam::store {

/// 16 bytes of the system's randomness.
inline std::string newIdentity() {
  std::random_device random;
  std::string bytes(16, '\0');
  for (char& byte : bytes)
    byte = char(random());
  return bytes;
}

} // namespace roam::store
