// A repro file: all that it takes to make a call once more that ended its worker.
//
//     "RoamRpr1"   magic and version of this layout
//     hash         BLAKE3-256 of everything that follows, 32 bytes
//     entry        digest of the slice or slice group, 32 bytes
//     numbers      count, first, element, signal, exit status: 8 bytes each
//     texts        platform, what happened
//     bytes        slice, captures, arguments
//
// Before each text and each of the bytes stands its size, 8 bytes. Numbers are little endian. The
// file holds what the caller sent, so it is as secret as that.
#pragma once
#include "jit/slice/digest.h"
#include <cstdint>
#include <string>
#include <string_view>

namespace roam::peer {

struct ReproFile {
  Digest entry;
  std::uint64_t count = 0;   ///< elements of the chunk
  std::uint64_t first = 0;   ///< index of its first element in the whole job
  std::uint64_t element = 0; ///< that ran, likewise
  int signal = 0;            ///< that ended the worker; 0 if it exited
  int exitStatus = 0;
  std::string_view platform; ///< Platform::toString() of the peer
  std::string_view what;     ///< the message of the failure
  std::string_view slice, captures, arguments;

  /// The views are valid as long as `bytes`. The slice is what its digest says. Throws
  /// std::runtime_error that says what is wrong with the bytes.
  static ReproFile read(std::string_view bytes);
  std::string write() const;
};

} // namespace roam::peer
