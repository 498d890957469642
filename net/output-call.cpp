// One message is on its way at a time: its answer says that the origin takes more.
#include "net/output-call.h"
#include "net/limits.h"
#include <utility>
#include <vector>

namespace roam::net {

void OutputCall::line(kj::StringPtr text, bool isError) {
  if (failed_)
    return;
  if (bytes_ + text.size() > limits::outputWaiting) {
    ++dropped_;
    return;
  }
  bytes_ += text.size() + 1;
  waiting_.push_back({kj::str(text), isError});
  if (std::exchange(isSending_, true))
    return;
  // In the next turn, with what else has come by then.
  sending_ = kj::evalLater([this] { return send(); })
                 .catch_([this](kj::Exception&&) { failed_ = true; }) // it wants nothing more
                 .then([this] { isSending_ = false; })
                 .fork();
  sent_ = sending_.addBranch().eagerlyEvaluate(nullptr);
}

kj::Promise<void> OutputCall::send() {
  std::vector<Line> batch;
  std::size_t bytes = 0;
  while (!waiting_.empty() && bytes < limits::outputBatch) {
    bytes += waiting_.front().text.size() + 1;
    batch.push_back(kj::mv(waiting_.front()));
    waiting_.pop_front();
  }
  bytes_ -= bytes;
  auto request = reader_.linesRequest(
      capnp::MessageSize{16 + bytes / sizeof(capnp::word) + 4 * batch.size(), 0});
  auto lines = request.initLines(static_cast<unsigned>(batch.size()));
  for (unsigned i = 0; i < batch.size(); ++i) {
    lines[i].setText(batch[i].text);
    lines[i].setIsError(batch[i].isError);
  }
  return request.send().ignoreResult().then([this]() -> kj::Promise<void> {
    return waiting_.empty() ? kj::Promise<void>(kj::READY_NOW) : send();
  });
}

kj::Promise<void> OutputCall::finish() {
  if (std::uint64_t dropped = std::exchange(dropped_, 0)) {
    bytes_ = 0; // there is room for this one
    line(kj::str(dropped, " lines were printed faster than they were read, and are lost"), true);
  }
  if (!isSending_)
    return kj::READY_NOW;
  return sending_.addBranch();
}

} // namespace roam::net
