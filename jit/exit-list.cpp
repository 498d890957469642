// Keeps and runs the destructors of unloaded slices.
#include "jit/exit-list.h"
#include <cxxabi.h>
#include <iterator>
#include <ranges>

extern "C" __attribute__((visibility("hidden"))) void* __dso_handle;

namespace roam::jit {

/// A thread-local object of a slice: destroyed at the end of its thread if the slice is still
/// there.
struct ExitList::ThreadExit {
  Exit exit;
  std::shared_ptr<Life> life;

  static void run(void* self) {
    std::unique_ptr<ThreadExit> owned(static_cast<ThreadExit*>(self));
    // Held while the destructor runs, so that its code is not unloaded meanwhile.
    std::shared_lock lock(owned->life->mutex);
    if (!owned->life->ended)
      owned->exit.destroy(owned->exit.object);
  }
};

void ExitList::enter(std::uintptr_t begin, std::uintptr_t end) {
  std::lock_guard lock(mutex_);
  slices_[begin].end = end;
}

void ExitList::leave(std::uintptr_t begin) {
  Slice slice;
  {
    std::lock_guard lock(mutex_);
    auto found = slices_.find(begin);
    if (found == slices_.end())
      return;
    slice = std::move(found->second);
    slices_.erase(found);
  }
  if (slice.life) {
    std::unique_lock lock(slice.life->mutex);
    slice.life->ended = true;
  }
  for (const Exit& exit : std::views::reverse(slice.exits))
    exit.destroy(exit.object);
}

void ExitList::leaveAll() {
  for (;;) { // a destructor may register another
    std::unique_lock lock(mutex_);
    if (others_.empty())
      return;
    Exit exit = others_.back();
    others_.pop_back();
    lock.unlock();
    exit.destroy(exit.object);
  }
}

ExitList::Slice* ExitList::find(const void* address) {
  auto place = reinterpret_cast<std::uintptr_t>(address);
  auto after = slices_.upper_bound(place);
  if (after == slices_.begin())
    return nullptr;
  Slice& slice = std::prev(after)->second;
  return place < slice.end ? &slice : nullptr;
}

int ExitList::atExit(void (*destroy)(void*), void* object, void* list) {
  auto& self = *static_cast<ExitList*>(list);
  std::lock_guard lock(self.mutex_);
  Slice* slice = self.find(object);
  (slice ? slice->exits : self.others_).push_back({destroy, object});
  return 0;
}

int ExitList::atThreadExit(void (*destroy)(void*), void* object, void* list) {
  auto& self = *static_cast<ExitList*>(list);
  std::unique_lock lock(self.mutex_);
  Slice* slice = self.find(reinterpret_cast<const void*>(destroy));
  if (!slice) { // a destructor of a shared library, which stays
    lock.unlock();
    return abi::__cxa_thread_atexit(destroy, object, &__dso_handle);
  }
  if (!slice->life)
    slice->life = std::make_shared<Life>();
  auto* exit = new ThreadExit{{destroy, object}, slice->life};
  lock.unlock();
  return abi::__cxa_thread_atexit(&ThreadExit::run, exit, &__dso_handle);
}

} // namespace roam::jit
