// What a peer knows about the code of each digest: looked for, there, or refused.
#pragma once
#include "jit/slice/digest.h"
#include "net/closure-runner.h"
#include "net/code-status.h"
#include <cstdint>
#include <kj/array.h>
#include <kj/common.h>
#include <kj/memory.h>
#include <kj/string.h>
#include <list>
#include <unordered_map>

namespace roam::peer {

using net::Rung;

/// What is needed to make a better object of code that is not the best it could be.
struct Untuned {
  kj::Array<const kj::byte> slice;
  std::uint64_t runNanoseconds = 0;   ///< that it has run
  std::uint64_t worthNanoseconds = 0; ///< that it must have run before a better one is made
  bool underway = false;
};

/// One digest's code.
struct Code {
  enum class State : std::uint8_t {
    unknown, ///< nobody has asked for it
    coming,  ///< being looked for, or compiled
    object,  ///< workers link `object`
    refused, ///< can't become code on this machine; `refusal` says why
  };
  State state = State::unknown;
  Rung rung = Rung::none;            ///< that `object` came from
  Rung tried = Rung::none;           ///< up to here there was nothing of use
  bool delivered = false;            ///< some worker was given it
  kj::Array<const kj::byte> object;  ///< as CompiledObject writes it
  kj::Array<const kj::byte> shipped; ///< one that came along with the slice; not looked at yet
  kj::Own<Untuned> untuned;          ///< of an object: null if there is no better one
  kj::String refusal;
  net::Failure::Kind refusalKind = net::Failure::Kind::badSlice;

  bool isTuned() const { return untuned.get() == nullptr; }
};

/// Code by digest in memory, up to a limit; the least recently used is forgotten first. Call on the
/// loop thread.
class CodeTable {
 public:
  explicit CodeTable(std::size_t limitInBytes) : limit_(limitInBytes) {}
  KJ_DISALLOW_COPY(CodeTable);

  /// What is known of `digest`, which counts as used. The reference is valid until the next call of
  /// another function. What is not const may be changed, but for what has bytes.
  Code& at(const Digest& digest);
  /// The same without counting as use; null if nothing is known.
  const Code* find(const Digest& digest) const;

  /// The object, from a rung. `untuned` is null if there is no better one.
  void hold(const Digest& digest, Rung rung, kj::Array<const kj::byte> object,
            kj::Own<Untuned> untuned);
  void offer(const Digest& digest, kj::Array<const kj::byte> shipped);
  void refuse(const Digest& digest, kj::StringPtr why,
              net::Failure::Kind kind = net::Failure::Kind::badSlice);
  /// Lets the next one to ask begin anew, above the rungs that were tried.
  void forget(const Digest& digest);

 private:
  struct Row {
    Code code;
    std::list<Digest>::iterator use;
  };
  static std::size_t bytesOf(const Code& code);
  Row& row(const Digest& digest);
  void drop(Code& code);
  void trim();

  std::size_t limit_, bytes_ = 0;
  std::unordered_map<Digest, Row> rows_;
  std::list<Digest> uses_; ///< most recent first
};

} // namespace roam::peer
