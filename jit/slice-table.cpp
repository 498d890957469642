// A map under a lock.
#include "jit/slice-table.h"

namespace roam::jit {

void SliceTable::defined(const Digest& digest, llvm::orc::ResourceTrackerSP tracker) {
  std::lock_guard lock(mutex_);
  Slice& slice = slices_[digest] = Slice();
  slice.tracker = std::move(tracker);
}

void SliceTable::replaced(const Digest& digest, llvm::orc::ResourceTrackerSP tracker) {
  std::lock_guard lock(mutex_);
  slices_[digest].replacement = std::move(tracker);
}

void SliceTable::failed(const Digest& digest, std::exception_ptr why) {
  std::lock_guard lock(mutex_);
  if (Slice& slice = slices_[digest]; !slice.failure)
    slice.failure = std::move(why);
}

void SliceTable::linked(const Digest& digest, void (*init)(), State state) {
  std::lock_guard lock(mutex_);
  Slice& slice = slices_[digest];
  slice.init = init;
  slice.state = std::move(state);
}

void SliceTable::pin(const Digest& digest) {
  std::lock_guard lock(mutex_);
  slices_[digest].isPinned = true;
}

SliceTable::Slice SliceTable::at(const Digest& digest) {
  std::lock_guard lock(mutex_);
  auto found = slices_.find(digest);
  return found == slices_.end() ? Slice() : found->second;
}

SliceTable::Slice SliceTable::take(const Digest& digest) {
  std::lock_guard lock(mutex_);
  auto slice = slices_.extract(digest);
  return slice ? std::move(slice.mapped()) : Slice();
}

} // namespace roam::jit
