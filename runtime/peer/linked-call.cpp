// The results grow in memory of their own; the end is worded as that of a worker.
#include "runtime/peer/linked-call.h"
#include "net/limits.h"
#include "roam/buffer.h"
#include "runtime/peer/chunk-outcome.h"
#include "runtime/peer/entry-call.h"
#include <algorithm>
#include <cstdlib>

namespace roam::peer {
namespace {

/// Grows up to the limit of a chunk.
class Results : public Buffer {
 public:
  Results() { grow = &growWithinLimit; }

 private:
  static void growWithinLimit(Output* out, std::size_t more) {
    if (more > limits::chunkBytes - out->size)
      throw ResultsTooLarge();
    std::size_t wanted =
        std::min(std::max(out->size + more, 2 * out->capacity), limits::chunkBytes);
    void* moved = std::realloc(out->data, wanted);
    if (moved == nullptr)
      throw std::bad_alloc();
    out->data = static_cast<char*>(moved);
    out->capacity = wanted;
  }
};

std::span<const char> charsOf(kj::ArrayPtr<const kj::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.begin()), bytes.size()};
}

kj::String textOf(const std::string& text) {
  return kj::heapString(text.data(), text.size());
}

} // namespace

net::ChunkOutcome callLinked(LinkedEntries& entries, const net::Chunk& chunk) {
  TakenAnswer taken;
  try {
    Results results;
    EntryEnd end = callEntry({entries.find(chunk.entry), charsOf(chunk.captures),
                              charsOf(chunk.arguments), chunk.count, chunk.first},
                             results);
    taken.answer = end.answer;
    taken.message = textOf(end.thrown.message.empty() ? end.message : end.thrown.message);
    taken.type = textOf(end.thrown.type);
    taken.category = textOf(end.thrown.category);
    auto* bytes = reinterpret_cast<const kj::byte*>(results.data);
    taken.results = kj::arrayPtr(bytes, results.size).attach(kj::mv(results));
  } catch (const std::exception& error) { // of an initialiser; no memory
    taken.answer.kind = AnswerKind::badSlice;
    taken.message = kj::str(error.what());
  }
  return outcomeOf(kj::mv(taken), chunk);
}

} // namespace roam::peer
