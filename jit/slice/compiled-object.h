// A compiled object: machine code of one slice, with what it was made from and for.
//
// Its written form is the same everywhere: a file on disk, a blob in a bundle, bytes of a message,
// what a worker is given.
//
//     "RoamObj2"   magic and version of this layout
//     hash         BLAKE3-256 of everything that follows, 32 bytes
//     slice        digest of the slice or slice group it was made from, 32 bytes
//     nanoseconds  that compiling took, 8 bytes
//     size         of the code, 8 bytes
//     size         of the target's text, 8 bytes
//     target       ObjectTarget::toText(), then zeros up to a multiple of 16
//     code         an ELF relocatable object, to the end
//
// Numbers are little endian. The hash finds damage, no more: who may send objects is decided by who
// takes them.
#pragma once
#include "jit/slice/digest.h"
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roam {

/// Raised when objects made before can no longer be used: another binding of symbols, another code
/// model.
inline constexpr unsigned objectFormat = 6;

/// The machine that code is for, and how it was made.
struct ObjectTarget {
  std::string triple;                ///< "x86_64-pc-linux-gnu"
  std::string cpu;                   ///< "cascadelake": that it is tuned for
  std::vector<std::string> features; ///< that it may use, as LLVM calls them; ascending
  std::string llvm;                  ///< "19.1.7"
  unsigned level = 2;                ///< 0 to 3, as of clang's -O
  unsigned format = objectFormat;

  /// One line: "x86_64-pc-linux-gnu/cascadelake/llvm-19.1.7/O2/format-6/avx,avx2,sse2".
  std::string toText() const;
  /// Throws std::runtime_error that names what is wrong with it.
  static ObjectTarget parse(std::string_view text);

  /// 16 hexadecimal digits, the same for equal targets only: for the names of files.
  std::string key() const;

  /// Empty if such code runs on `host`, else why not: "it was made by LLVM 19.1.6, but this peer
  /// has 19.1.7". The level does not matter, and the CPU only by its features.
  std::string refusalOn(const ObjectTarget& host) const;

  /// Of the objects that run on `host`, the one with the highest merit is the best: made for its
  /// CPU, else using most of it, else optimised most.
  std::size_t meritOn(const ObjectTarget& host) const;

  bool operator==(const ObjectTarget&) const = default;
};

struct CompiledObject {
  Digest slice; ///< of the slice or slice group it was made from
  ObjectTarget target;
  std::uint64_t compileNanoseconds = 0;
  std::span<const std::byte> code; ///< an ELF relocatable object, not looked into

  /// `code` is valid as long as `bytes`. About 1 ns a byte, for the hash. Throws std::runtime_error
  /// that says what is wrong: other bytes than were written, or an older or newer Roam. Whether it
  /// is of the wanted slice, and fits this machine (ObjectTarget::refusalOn), is for the caller to
  /// ask.
  static CompiledObject read(std::span<const std::byte> bytes);
  /// The same of an object that must be made from this slice and run on this machine; throws also
  /// if it is not, or does not.
  static CompiledObject readFor(std::span<const std::byte> bytes, const Digest& slice,
                                const ObjectTarget& host);
  /// The code begins at a multiple of 16.
  std::vector<std::byte> write() const;
};

} // namespace roam
