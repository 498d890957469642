// Signatures of bundles: Ed25519, by OpenSSL. What is signed is "RoamBnd1" and the digest of the
// bundle's content.
#pragma once
#include "jit/slice/bundle.h"
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace roam {

/// Whom signatures are compared with.
struct PublicKey {
  std::array<std::uint8_t, BundleSignature::keySize> bytes{};

  /// From a PEM file that holds a public or a private Ed25519 key. Throws std::runtime_error that
  /// names the file and what is wrong.
  static PublicKey read(const std::string& path);
  /// 64 hexadecimal digits.
  std::string toString() const;

  bool operator==(const PublicKey&) const = default;
};

/// Signs with the private key in a PEM file, as `openssl genpkey -algorithm ed25519` makes it. Asks
/// on the terminal for the password if it has one. Throws std::runtime_error as PublicKey::read.
BundleSignature sign(const Bundle& bundle, const std::string& keyPath);

/// Whether the key that the signature names made it, for this content.
bool isTrue(const BundleSignature& signature, const Bundle& bundle);

/// Empty if one of the keys signed the bundle; else why it is not accepted, in words.
std::string refusalOf(const Bundle& bundle, const std::vector<PublicKey>& accepted);

} // namespace roam
