// One field after the other.
#include "net/store-messages.h"

namespace roam::net {
namespace {

/// A struct of these messages, with its pointers and what rounding up to words takes.
constexpr std::size_t structWords = 8;

std::size_t wordsOf(const std::string& bytes) {
  return bytes.size() / sizeof(capnp::word);
}

} // namespace

std::size_t wordsOf(const StoreEntry& entry) {
  return structWords + wordsOf(entry.key) + wordsOf(entry.value);
}
std::size_t wordsOf(const StoreEvent& event) {
  return structWords + wordsOf(event.key) + (event.value ? wordsOf(*event.value) : 0);
}

void write(const StoreEntry& from, protocol::StoreEntry::Builder to) {
  to.setKey(bytesOf(from.key));
  to.setValue(bytesOf(from.value));
  to.setModified(from.modified);
  to.setLease(from.lease);
}
void write(const StoreCondition& from, protocol::StoreCondition::Builder to) {
  to.setKey(bytesOf(from.key));
  to.setModified(from.modified);
}
void write(const StoreWrite& from, protocol::StoreWrite::Builder to) {
  to.setKey(bytesOf(from.key));
  if (from.value)
    to.setValue(bytesOf(*from.value));
  else
    to.setRemoved();
  to.setLease(from.lease);
}
void write(const StoreEvent& from, protocol::StoreEvent::Builder to) {
  to.setRevision(from.revision);
  to.setKey(bytesOf(from.key));
  if (from.value)
    to.setValue(bytesOf(*from.value));
  else
    to.setRemoved();
}

StoreEntry read(protocol::StoreEntry::Reader from) {
  return {stringOf(from.getKey()), stringOf(from.getValue()), from.getModified(), from.getLease()};
}
StoreCondition read(protocol::StoreCondition::Reader from) {
  return {stringOf(from.getKey()), from.getModified()};
}
StoreWrite read(protocol::StoreWrite::Reader from) {
  StoreWrite write{stringOf(from.getKey()), std::nullopt, from.getLease()};
  if (from.isValue())
    write.value = stringOf(from.getValue());
  return write;
}
StoreEvent read(protocol::StoreEvent::Reader from) {
  StoreEvent event{from.getRevision(), stringOf(from.getKey()), std::nullopt};
  if (from.isValue())
    event.value = stringOf(from.getValue());
  return event;
}

} // namespace roam::net
