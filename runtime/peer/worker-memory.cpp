// Mapping, sealing and giving back the memory shared with a worker; sleeping and waking on it.
#include "runtime/peer/worker-memory.h"
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace roam::peer {
namespace {

[[noreturn]] void failed(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::size_t roundUp(std::size_t bytes, std::size_t to) {
  return (bytes + to - 1) / to * to;
}

long futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value) {
  static_assert(sizeof(word) == sizeof(std::uint32_t));
  return syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), operation, value, nullptr,
                 nullptr, 0);
}

} // namespace

WorkerMemory WorkerMemory::create() {
  int descriptor = memfd_create("roam-worker", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (descriptor < 0)
    failed("can't make the memory shared with a worker process (memfd_create)");
  // Sealed: a worker that cuts the file short would take the supervisor with it (SIGBUS).
  if (ftruncate(descriptor, layout::total) != 0 ||
      fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    int error = errno;
    close(descriptor);
    errno = error;
    failed("can't size the memory shared with a worker process");
  }
  WorkerMemory memory = map(descriptor);
  memory.control().layout = layout::number;
  return memory;
}

WorkerMemory WorkerMemory::attach(int descriptor) {
  struct stat state;
  if (fstat(descriptor, &state) != 0)
    failed("can't use the memory inherited from the supervisor");
  if (static_cast<std::size_t>(state.st_size) != layout::total)
    throw std::runtime_error(
        "this roam-worker was built from other sources than the peer that started it");
  WorkerMemory memory = map(descriptor);
  if (memory.control().layout != layout::number)
    throw std::runtime_error(
        "this roam-worker was built from other sources than the peer that started it");
  return memory;
}

WorkerMemory WorkerMemory::map(int descriptor) {
  void* base = mmap(nullptr, layout::total, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
                    descriptor, 0);
  if (base == MAP_FAILED) {
    int error = errno;
    close(descriptor);
    errno = error;
    failed("can't map the memory shared between supervisor and worker (is `ulimit -v` set?)");
  }
  return WorkerMemory(descriptor, static_cast<char*>(base));
}

WorkerMemory::WorkerMemory(WorkerMemory&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      base_(std::exchange(other.base_, nullptr)) {}

WorkerMemory::~WorkerMemory() {
  if (base_ != nullptr)
    munmap(base_, layout::total);
  if (descriptor_ >= 0)
    close(descriptor_);
}

void WorkerMemory::giveBack(std::span<char> area, std::size_t used) const {
  if (used <= limits::sharedKept)
    return;
  std::size_t from = static_cast<std::size_t>(area.data() - base_) + limits::sharedKept;
  std::size_t length = std::min(roundUp(used, layout::alignment), area.size()) - limits::sharedKept;
  // Best effort: memory that can't be given back now is used again by the next large chunk.
  (void)fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(from),
                  static_cast<off_t>(length));
}

std::size_t WorkerMemory::resident() const {
  struct stat state;
  return fstat(descriptor_, &state) == 0 ? static_cast<std::size_t>(state.st_blocks) * 512 : 0;
}

RequestParts partsOf(const Request& request, std::span<char> area) {
  if (request.capturesSize > limits::chunkBytes || request.argumentsSize > limits::chunkBytes ||
      request.codeSize > limits::objectBytes)
    return {};
  std::size_t arguments = roundUp(request.capturesSize, 64);
  std::size_t code = arguments + roundUp(request.argumentsSize, 64);
  return {area.subspan(0, request.capturesSize), area.subspan(arguments, request.argumentsSize),
          area.subspan(code, request.codeSize)};
}

void awaitSubmission(Control& control, std::uint32_t taken) {
  // Sequentially consistent on both sides: either the supervisor sees `asleep`, or we see its
  // request.
  control.asleep.store(1);
  while (control.submitted.load() == taken)
    futex(control.submitted, FUTEX_WAIT, taken);
  control.asleep.store(0);
}

void submit(Control& control, unsigned slot) {
  std::uint32_t number = control.submitted.load(std::memory_order_relaxed);
  control.order[number % control.order.size()] = static_cast<std::uint8_t>(slot);
  control.submitted.store(number + 1);
  if (control.asleep.load() != 0)
    futex(control.submitted, FUTEX_WAKE, 1);
}

bool tell(int descriptor) {
  std::uint64_t one = 1;
  // An eventfd that is full has told already.
  return write(descriptor, &one, sizeof one) == sizeof one || errno == EAGAIN;
}

} // namespace roam::peer
