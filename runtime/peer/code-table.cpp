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
  bytes_ += limits::codeKnown;
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

/// Forgets what was used longest ago, but neither what is coming nor what was used now.
void CodeTable::trim() {
  auto isOver = [this] { return bytes_ > limit_ || rows_.size() > limits::codesKnown; };
  for (auto use = uses_.end(); isOver() && use != std::next(uses_.begin());) {
    auto row = rows_.find(*--use);
    if (row->second.code.state == Code::State::coming)
      continue;
    bytes_ -= bytesOf(row->second.code) + limits::codeKnown;
    rows_.erase(row);
    use = uses_.erase(use);
  }
}

} // namespace roam::peer
