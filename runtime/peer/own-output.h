// What workers print becomes the output of the peer itself: whole lines, and nobody waits for
// whoever reads them.
#pragma once
#include "net/output.h"
#include <memory>

namespace roam::peer {

/// A thread that writes, since the peer's output may be a pipe that nobody reads. Lines wait, up to
/// limits::outputWaiting bytes of them; then they are dropped, and a line says how many.
class OwnOutput final : public net::OutputSink {
 public:
  /// Lines wait until `begin`. The descriptors must stay open as long as this lives.
  explicit OwnOutput(int output = 1, int errors = 2);
  /// Waits until what was said is written, at most limits::farewell.
  ~OwnOutput() noexcept(false) override;
  OwnOutput(const OwnOutput&) = delete;

  void begin();
  void line(kj::StringPtr text, bool isError) override;

 private:
  struct Shared;
  static void write(std::shared_ptr<Shared> shared);

  std::shared_ptr<Shared> shared_;
  bool begun_ = false;
};

} // namespace roam::peer
