// One slice, one object, or the reason why not.
#include "runtime/peer/compiler-loop.h"
#include <cstring>
#include <new>

namespace roam::peer {

Answer CompilerLoop::answer(unsigned index) {
  const Request& request = memory().slot(index).request;
  Answer answer;
  try {
    auto slice = std::as_bytes(partsOf(request, memory().request(index)).code);
    std::vector<std::byte> object = compiler_->compile(request.entry, slice, request.level);
    std::span<char> room = memory().object(index);
    if (object.size() > room.size()) {
      answer.kind = AnswerKind::limit;
      setMessage(answer, index,
                 "the compiled object of " + request.entry.shortened() + " has " +
                     std::to_string(object.size()) + " bytes; the limit is " +
                     std::to_string(room.size() >> 20) + " MiB");
      return answer;
    }
    std::memcpy(room.data(), object.data(), object.size());
    memory().slot(index).objectSize.store(object.size());
  } catch (const std::bad_alloc&) {
    throw; // no fault of the slice: the process ends, and another one tries again
  } catch (const std::exception& error) {
    answer.kind = AnswerKind::badSlice;
    setMessage(answer, index, error.what());
  }
  return answer;
}

} // namespace roam::peer
