// The turn-taking of worker-memory.h, from the other side.
#include "runtime/peer/request-loop.h"
#include <algorithm>
#include <cstring>
#include <unistd.h>

namespace roam::peer {

void RequestLoop::run() {
  Control& control = memory_.control();
  control.phase.store(WorkerPhase::ready);
  (void)tell(descriptor_);

  for (std::uint32_t taken = 0;; ++taken) {
    auto submitted = [&] { return control.submitted.load(std::memory_order_acquire) != taken; };
    if (!polling_.pollFor(submitted))
      awaitSubmission(control, taken);
    polling_.arrived();
    serve(control.order[taken % control.order.size()] % slotCount);
  }
}

void RequestLoop::serve(unsigned index) {
  Slot& slot = memory_.slot(index);
  begin(slot.request);
  SlotState expected = SlotState::submitted;
  if (slot.state.compare_exchange_strong(expected, SlotState::running))
    slot.answer = answer(index);
  else
    slot.answer = Answer{.kind = AnswerKind::skipped};
  slot.state.store(SlotState::answered);
  if (!tell(descriptor_)) // the code has closed it; the supervisor finds the answer
    _exit(1);
}

void RequestLoop::setMessage(Answer& answer, unsigned index, const std::string& message) {
  std::span<char> text = memory_.text(index);
  answer.messageSize = static_cast<std::uint32_t>(std::min(message.size(), text.size()));
  std::memcpy(text.data(), message.data(), answer.messageSize);
}

} // namespace roam::peer
