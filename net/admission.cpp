// Counting chunks, and which reason is told.
#include "net/admission.h"

namespace roam::net {

kj::Maybe<kj::StringPtr> Admission::refusal() const {
  KJ_IF_MAYBE (leaving, leaving_)
    return kj::StringPtr(*leaving);
  KJ_IF_MAYBE (why, why_)
    return kj::StringPtr(*why);
  KJ_IF_MAYBE (term, term_)
    if (term->timer.now() >= term->end)
      return kj::StringPtr(term->why);
  return nullptr;
}

Admission::Stay Admission::enter(std::size_t bytes) {
  return Stay(kj::addRef(*present_), 1, bytes);
}

Admission::Stay Admission::hold(std::size_t bytes) {
  return Stay(kj::addRef(*present_), 0, bytes);
}

Admission::Stay::Stay(kj::Own<Present> present, std::size_t chunks, std::size_t bytes)
    : present_(kj::mv(present)), chunks_(chunks), bytes_(bytes) {
  present_->chunks += chunks_;
  present_->bytes += bytes_;
}

Admission::Stay::~Stay() noexcept(false) {
  if (present_.get() == nullptr)
    return;
  present_->bytes -= bytes_;
  present_->chunks -= chunks_;
  if (present_->chunks > 0)
    return;
  for (auto& one : present_->waiting)
    one->fulfill();
  present_->waiting.clear();
}

kj::Promise<void> Admission::idle() {
  if (present_->chunks == 0)
    return kj::READY_NOW;
  auto pair = kj::newPromiseAndFulfiller<void>();
  present_->waiting.add(kj::mv(pair.fulfiller));
  return kj::mv(pair.promise);
}

} // namespace roam::net
