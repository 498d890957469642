// The values of net/store.h as messages carry them.
#pragma once
#include "net/store.capnp.h"
#include "net/store.h"
#include <capnp/message.h>

namespace roam::net {

inline kj::ArrayPtr<const kj::byte> bytesOf(const std::string& text) {
  return {reinterpret_cast<const kj::byte*>(text.data()), text.size()};
}
inline std::string stringOf(capnp::Data::Reader bytes) {
  return {bytes.asChars().begin(), bytes.size()};
}

/// How much of a message it takes.
std::size_t wordsOf(const StoreEntry& entry);
std::size_t wordsOf(const StoreEvent& event);

void write(const StoreEntry& from, protocol::StoreEntry::Builder to);
void write(const StoreCondition& from, protocol::StoreCondition::Builder to);
void write(const StoreWrite& from, protocol::StoreWrite::Builder to);
void write(const StoreEvent& from, protocol::StoreEvent::Builder to);

StoreEntry read(protocol::StoreEntry::Reader from);
StoreCondition read(protocol::StoreCondition::Reader from);
StoreWrite read(protocol::StoreWrite::Reader from);
StoreEvent read(protocol::StoreEvent::Reader from);

} // namespace roam::net
