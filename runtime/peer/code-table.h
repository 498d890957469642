// What a peer knows about the code of each digest: being compiled, compiled, or refused.
#pragma once
#include "jit/object-cache.h"
#include "jit/slice/digest.h"
#include <cstdint>
#include <kj/array.h>
#include <kj/common.h>
#include <kj/memory.h>
#include <kj/string.h>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

namespace roam::peer {

class ObjectWriter;

/// One digest's code.
struct Code {
  enum class State : std::uint8_t {
    unknown,   ///< whoever runs it next compiles it
    compiling, ///< some worker does; nobody else may
    object,    ///< compiled: workers link `object`
    refused,   ///< can't become code on this machine; `refusal` says why
  };
  State state = State::unknown;
  kj::Array<const kj::byte> object;
  kj::String refusal;
};

/// Objects by digest, in memory up to a limit and on disk if there is a cache. Call on the loop
/// thread.
class CodeTable {
 public:
  /// `disk` may be null, else must outlive the table. It is read on the loop thread, and written to
  /// by a thread of the table's own, since a disk may take its time.
  CodeTable(jit::ObjectCache* disk, std::size_t limitInBytes);
  /// Waits until the last object is written.
  ~CodeTable() noexcept(false);
  KJ_DISALLOW_COPY(CodeTable);

  /// What is known of `digest`, which counts as used. The reference is valid until the next call of
  /// another function.
  const Code& at(const Digest& digest);

  /// If the code is unknown, looks for its object on disk: once a digest. `target` is that of the
  /// workers. True if it was there.
  bool readFromDisk(const Digest& digest, kj::StringPtr target);
  void compiling(const Digest& digest);
  /// The object that a worker made.
  void compiled(const Digest& digest, kj::ArrayPtr<const kj::byte> object, kj::StringPtr target);
  void refuse(const Digest& digest, kj::StringPtr why);
  /// Nobody compiles it any more. No effect unless somebody did.
  void abandon(const Digest& digest);
  /// The object, from wherever it came, can't be linked: to be compiled again.
  void forgetObject(const Digest& digest);

  /// What went wrong on the disk since the last call.
  std::optional<std::string> complaint();

 private:
  struct Row {
    Code code;
    std::list<Digest>::iterator use;
    bool lookedOnDisk = false;
  };
  Row& row(const Digest& digest);
  void hold(Code& code, kj::Array<const kj::byte> object);
  void drop(Code& code);
  void trim();

  jit::ObjectCache* disk_;
  std::size_t limit_, bytes_ = 0;
  std::unordered_map<Digest, Row> rows_;
  std::list<Digest> uses_; ///< most recent first
  kj::Own<ObjectWriter> writer_;
};

} // namespace roam::peer
