// Code by its digest, wherever it may be: peers, bundles, programs.
#pragma once
#include "net/code-status.h"
#include <string>
#include <vector>

namespace roam::tools {

struct CodePlaces {
  std::vector<std::string> peers;    ///< addresses
  std::vector<std::string> bundles;  ///< files
  std::vector<std::string> programs; ///< built with Roam
};

/// What a peer says of the code.
struct PeerUse {
  std::string address;
  net::CodeStatus status;
};

struct FoundCode {
  Digest digest;
  std::string code;        ///< a slice or slice group; empty if only its use is known
  std::string description; ///< Description::toText; perhaps empty
  std::vector<PeerUse> uses;
};

/// Looks everywhere for code whose digest begins so. `beginning`: hexadecimal digits. A peer that
/// does not answer is told on standard error. Throws std::runtime_error if there is none or more
/// than one, and about bundles and programs that can't be read.
FoundCode findCode(const std::string& beginning, const CodePlaces& places);

} // namespace roam::tools
