// The served side of the shared memory: takes one request after another, and answers it.
#pragma once
#include "runtime/peer/polling.h"
#include "runtime/peer/worker-memory.h"
#include <string>

namespace roam::peer {

/// Serves one supervisor on the thread that calls `run`.
class RequestLoop {
 public:
  /// `memory` must outlive the loop; `descriptor`: the eventfd that tells the supervisor.
  RequestLoop(const WorkerMemory& memory, int descriptor)
      : memory_(memory), descriptor_(descriptor) {}
  virtual ~RequestLoop() = default;

  /// Says that the process is ready, then serves for ever.
  [[noreturn]] void run();

 protected:
  /// A request comes, which may have been taken back.
  virtual void begin(const Request&) {}
  virtual Answer answer(unsigned slot) = 0;

  void setMessage(Answer& answer, unsigned slot, const std::string& message);
  const WorkerMemory& memory() const { return memory_; }
  int descriptor() const { return descriptor_; }

 private:
  void serve(unsigned slot);

  const WorkerMemory& memory_;
  int descriptor_;
  Polling polling_;
};

} // namespace roam::peer
