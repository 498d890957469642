// A host's side of Chunk.output: lines travel in batches, and the chunk's answer comes behind them.
#pragma once
#include "net/output.h"
#include "net/peer.capnp.h"
#include <cstdint>
#include <deque>

namespace roam::net {

/// Sends what one chunk prints to the origin that asked for it, one message at a time. What waits
/// is at most limits::outputWaiting bytes; further lines are dropped, and the last line says how
/// many.
class OutputCall final : public OutputSink {
 public:
  explicit OutputCall(protocol::OutputReader::Client reader) : reader_(kj::mv(reader)) {}

  void line(kj::StringPtr text, bool isError) override;
  /// Resolves when the origin has everything, or will have nothing more. Once, after the last line.
  kj::Promise<void> finish();

 private:
  struct Line {
    kj::String text;
    bool isError;
  };
  kj::Promise<void> send();

  protocol::OutputReader::Client reader_;
  std::deque<Line> waiting_;
  std::size_t bytes_ = 0;
  std::uint64_t dropped_ = 0;
  bool isSending_ = false, failed_ = false;
  kj::ForkedPromise<void> sending_ = nullptr;
  kj::Promise<void> sent_ = nullptr; ///< last: refers to all above
};

} // namespace roam::net
