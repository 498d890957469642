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

Admission::Stay Admission::enter() {
  return Stay(kj::addRef(*present_));
}

Admission::Stay::Stay(kj::Own<Present> present) : present_(kj::mv(present)) {
  ++present_->chunks;
}

Admission::Stay::~Stay() noexcept(false) {
  if (present_.get() == nullptr || --present_->chunks > 0)
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
