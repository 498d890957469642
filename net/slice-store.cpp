// A map for finding and a list for forgetting.
#include "net/slice-store.h"
#include <span>

namespace roam::net {

bool SliceStore::put(const Digest& digest, kj::ArrayPtr<const kj::byte> bytes,
                     kj::StringPtr description) {
  if (slices_.count(digest) == 0 && !keep(digest, bytes))
    return false;
  Slice& slice = slices_.at(digest);
  uses_.splice(uses_.begin(), uses_, slice.use);
  if (slice.description.size() == 0) {
    slice.description = kj::str(description);
    bytes_ += description.size();
  }
  return true;
}

bool SliceStore::keep(const Digest& digest, kj::ArrayPtr<const kj::byte> bytes) {
  if (bars(digest) || Digest::of(std::as_bytes(std::span(bytes.begin(), bytes.size()))) != digest) {
    ++counters_.refused;
    return false;
  }
  evictDownTo(limit_ - std::min(limit_, bytes.size()));
  uses_.push_front(digest);
  auto copy = kj::heapArray<const kj::byte>(bytes.begin(), bytes.size());
  slices_[digest] = {std::make_shared<const kj::Array<const kj::byte>>(kj::mv(copy)), nullptr,
                     uses_.begin()};
  bytes_ += bytes.size();
  ++counters_.kept;
  return true;
}

SliceStore::Held SliceStore::find(const Digest& digest) {
  auto found = slices_.find(digest);
  if (found == slices_.end() && source_ != nullptr && source_->has(digest) &&
      put(digest, source_->slice(digest), source_->description(digest).c_str()))
    found = slices_.find(digest);
  if (found == slices_.end())
    return nullptr;
  uses_.splice(uses_.begin(), uses_, found->second.use);
  return found->second.bytes;
}

kj::StringPtr SliceStore::descriptionOf(const Digest& digest) const {
  auto found = slices_.find(digest);
  return found == slices_.end() ? kj::StringPtr("") : found->second.description.asPtr();
}

std::size_t SliceStore::sizeOf(const Digest& digest) const {
  auto found = slices_.find(digest);
  return found == slices_.end() ? 0 : found->second.bytes->size();
}

void SliceStore::evictDownTo(std::size_t bytes) {
  while (bytes_ > bytes) {
    auto last = slices_.find(uses_.back());
    bytes_ -= last->second.bytes->size() + last->second.description.size();
    slices_.erase(last);
    uses_.pop_back();
    ++counters_.evicted;
  }
}

} // namespace roam::net
