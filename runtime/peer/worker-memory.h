// The memory that a supervisor and one of its worker processes share, and how they take turns in
// it.
//
// A chunk crosses from one to the other in a few stores, not in a message: each slot holds one
// request and its answer.
//
//     supervisor                                     worker
//       writes the request, slot := submitted
//       order[submitted % n] := slot, submitted + 1
//       wakes the worker if it sleeps        ------>   slot := running
//       may take it back: slot := cancelled            links the object if there is one
//       may say that it is unwanted                    runs the entry: results are written in place
//       reads the answer, reuses the slot    <------   writes the answer, slot := answered, tells
//
// "Tells" is a write to an eventfd that the supervisor's event loop observes. The worker sleeps on
// a futex. Pages exist only where something was written; after a large chunk they are given back.
//
// The compiler (runtime/peer/compilers.h) is served the same way: a request brings a slice, the
// answer an object.
//
// The worker runs code from others, so the supervisor trusts nothing here: it keeps its own account
// of which slot is in use, copies an answer before it checks it, and the size of the memory is
// sealed.
#pragma once
#include "jit/slice-compiler.h"
#include "jit/slice/digest.h"
#include "net/limits.h"
#include "runtime/peer/confinement.h"
#include "runtime/peer/crash-report.h"
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace roam::peer {

/// Two to keep the worker busy, and two whose results may still be on their way to an origin.
inline constexpr unsigned slotCount = 4;

enum class SlotState : std::uint32_t { free, submitted, running, cancelled, answered };
/// replacement: a better object of an entry that is loaded. slice: for the compiler only.
enum class CodeKind : std::uint32_t { none, object, replacement, slice };

/// What a worker is asked to run. The bytes stand in the slot's request area: captures, arguments,
/// code, each aligned.
struct Request {
  Digest entry;
  Digest unload; ///< zero, or an entry whose memory the worker gives back first
  CodeKind code = CodeKind::none;
  bool onlyLink = false; ///< nothing is run
  unsigned channel = 0;  ///< that it prints to: see worker-output.h
  std::uint64_t capturesSize = 0, argumentsSize = 0, codeSize = 0;
  std::uint64_t count = 0, first = 0;
  jit::Level level = jit::Level::tuned; ///< that a slice is compiled at
};

enum class AnswerKind : std::uint32_t {
  done,
  thrown,
  badCaptures,
  badArguments,
  badSlice,
  limit,
  codeMissing, ///< the request brought no code and the worker has not loaded the entry
  skipped,     ///< taken back before it began
};

/// What became of a request. Texts stand in the slot's text area: type, category, message.
struct Answer {
  AnswerKind kind = AnswerKind::done;
  bool keptFirst = false; ///< what was to replace the object can't be linked
  std::uint32_t typeSize = 0, categorySize = 0, messageSize = 0;
  std::uint64_t resultsSize = 0; ///< bytes written to the result area, also before a throw
  std::uint64_t element = 0;     ///< index in the whole job
  std::int64_t code = 0;
  std::uint64_t runNanoseconds = 0;
};

struct Slot {
  std::atomic<SlotState> state;
  std::atomic<std::uint64_t> objectSize; ///< not 0: a new object stands in the object area
  std::atomic<std::uint32_t> unwanted;   ///< not 0: nobody waits for the answer (roam/cancelled.h)
  Request request;
  Answer answer;
};

enum class WorkerPhase : std::uint32_t { starting, ready, failed };

/// Where both sides meet, at the start of the memory. All zero when it is new, except `layout`.
struct Control {
  std::uint64_t layout; ///< layout::number of the supervisor; other builds have others
  std::atomic<WorkerPhase> phase;
  /// When it is ready: entries that it has linked. Their digests stand in the results of slot 0.
  std::atomic<std::uint32_t> linked;
  char word[1000];     ///< failed: why. Ended by NUL.
  Allowance allowance; ///< of the worker, which reads it once, before it runs any code

  alignas(64) std::atomic<std::uint32_t> submitted; ///< requests ever submitted; the worker's futex
  std::array<std::uint8_t, 8> order; ///< slot of request n at n % 8; at most slotCount are open
  alignas(64) std::atomic<std::uint32_t> asleep; ///< the worker waits on `submitted`
  alignas(64) std::array<Slot, slotCount> slots;
  CrashReport crash; ///< of the worker, if it dies
};

namespace layout {
inline constexpr std::size_t alignment = 4096;
inline constexpr std::size_t text = 64u << 10;
inline constexpr std::size_t object = limits::objectBytes;
inline constexpr std::size_t request = 2 * limits::chunkBytes + limits::objectBytes + alignment;
inline constexpr std::size_t results = limits::chunkBytes;
inline constexpr std::size_t slot = text + object + request + results;
inline constexpr std::size_t control = (sizeof(Control) + alignment - 1) / alignment * alignment;
inline constexpr std::size_t total = control + slotCount * slot;
/// Differs between builds that would misread each other.
inline constexpr std::uint64_t number =
    (std::uint64_t(1) << 56) | (std::uint64_t(sizeof(Control)) << 40) | total;
} // namespace layout

/// The shared memory, mapped in this process. Owns the mapping and the descriptor. About 3.6 GB of
/// addresses, no memory until it is used.
class WorkerMemory {
 public:
  /// New memory whose size can't be changed by anyone. Throws std::system_error.
  static WorkerMemory create();
  /// Maps the memory behind a descriptor that was inherited, and takes the descriptor. Throws
  /// std::system_error, or std::runtime_error if it was laid out by another build.
  static WorkerMemory attach(int descriptor);

  WorkerMemory(WorkerMemory&& other) noexcept;
  WorkerMemory& operator=(WorkerMemory&&) = delete;
  ~WorkerMemory();

  int descriptor() const { return descriptor_; }
  Control& control() const { return *reinterpret_cast<Control*>(base_); }
  Slot& slot(unsigned index) const { return control().slots[index]; }

  std::span<char> text(unsigned slot) const { return {area(slot), layout::text}; }
  std::span<char> object(unsigned slot) const {
    return {area(slot) + layout::text, layout::object};
  }
  std::span<char> request(unsigned slot) const {
    return {area(slot) + layout::text + layout::object, layout::request};
  }
  std::span<char> results(unsigned slot) const {
    return {area(slot) + layout::text + layout::object + layout::request, layout::results};
  }

  /// Gives back the pages of an area beyond limits::sharedKept, of which `used` bytes were touched.
  void giveBack(std::span<char> area, std::size_t used) const;
  /// Bytes of memory that the pages in use take.
  std::size_t resident() const;

 private:
  WorkerMemory(int descriptor, char* base) : descriptor_(descriptor), base_(base) {}
  static WorkerMemory map(int descriptor);
  char* area(unsigned slot) const { return base_ + layout::control + slot * layout::slot; }

  int descriptor_;
  char* base_;
};

/// The parts of a request area, of the sizes that `request` says. Empty spans if they don't fit.
struct RequestParts {
  std::span<char> captures, arguments, code;
};
RequestParts partsOf(const Request& request, std::span<char> area);

/// The worker's side of a turn: sleeps until `control.submitted` differs from `taken`.
void awaitSubmission(Control& control, std::uint32_t taken);
/// The supervisor's side: makes a slot the next one to be run, and wakes the worker if it sleeps.
void submit(Control& control, unsigned slot);

/// Tells the other side to look: a word to the eventfd `descriptor`. False if that is closed.
bool tell(int descriptor);

} // namespace roam::peer
