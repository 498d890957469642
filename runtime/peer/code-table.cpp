// Objects in memory and their limit.
#include "runtime/peer/code-table.h"
#include "net/limits.h"

namespace roam::peer {

Code& CodeTable::at(const Digest& digest) {
  return row(digest).code;
}

const Code* CodeTable::find(const Digest& digest) const {
  auto found = rows_.find(digest);
  return found == rows_.end() ? nullptr : &found->second.code;
}

CodeTable::Row& CodeTable::row(const Digest& digest) {
  if (auto found = rows_.find(digest); found != rows_.end()) {
    uses_.splice(uses_.begin(), uses_, found->second.use);
    return found->second;
  }
  uses_.push_front(digest);
  Row& made = rows_[digest];
  made.use = uses_.begin();
  trim();
  return made;
}

std::size_t CodeTable::bytesOf(const Code& code) {
  return code.object.size() + code.shipped.size() +
         (code.untuned.get() != nullptr ? code.untuned->slice.size() : 0);
}

void CodeTable::hold(const Digest& digest, Rung rung, kj::Array<const kj::byte> object,
                     kj::Own<Untuned> untuned) {
  Code& code = row(digest).code;
  drop(code);
  code.object = kj::mv(object);
  code.untuned = kj::mv(untuned);
  code.isTuned = code.untuned.get() == nullptr;
  code.rung = rung;
  code.delivered = false;
  code.state = Code::State::object;
  bytes_ += bytesOf(code);
  trim();
}

void CodeTable::offer(const Digest& digest, kj::Array<const kj::byte> shipped) {
  Code& code = row(digest).code;
  if (code.state == Code::State::object || code.state == Code::State::refused)
    return;
  bytes_ += shipped.size() - code.shipped.size();
  code.shipped = kj::mv(shipped);
  trim();
}

void CodeTable::refuse(const Digest& digest, kj::StringPtr why, net::Failure::Kind kind) {
  Code& code = row(digest).code;
  drop(code);
  code.state = Code::State::refused;
  code.refusal = kj::str(why);
  code.refusalKind = kind;
}

void CodeTable::forget(const Digest& digest) {
  drop(row(digest).code);
}

void CodeTable::drop(Code& code) {
  bytes_ -= bytesOf(code);
  code.object = nullptr;
  code.shipped = nullptr;
  code.untuned = nullptr;
  code.state = Code::State::unknown;
}

/// Drops what was used longest ago: objects above the limit of bytes, and whole rows above that of
/// rows.
void CodeTable::trim() {
  for (auto use = uses_.end(); bytes_ > limit_ && use != std::next(uses_.begin());) {
    Code& code = rows_.at(*--use).code;
    if (code.state == Code::State::object) {
      drop(code);
      code.tried = Rung::none; // it may be on disk
    }
  }
  while (rows_.size() > limits::codesKnown &&
         rows_.at(uses_.back()).code.state != Code::State::coming) {
    drop(rows_.at(uses_.back()).code);
    rows_.erase(uses_.back());
    uses_.pop_back();
  }
}

} // namespace roam::peer
