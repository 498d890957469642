// What shipped code prints, on its way to whoever wants to read it.
#pragma once
#include <kj/async.h>
#include <kj/string.h>

namespace roam::net {

/// Reads what a chunk prints. Shared by the chunk and those that run it; called on the loop thread.
class OutputSink {
 public:
  virtual ~OutputSink() noexcept(false) = default;
  /// A whole line, without its end, of at most limits::outputLine bytes; may hold any bytes.
  virtual void line(kj::StringPtr text, bool isError) = 0;
};

} // namespace roam::net
