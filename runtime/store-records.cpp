// Records are Cap'n Proto messages, each a value of the store.
#include "runtime/store-records.h"
#include "net/digests.h"
#include "net/store.capnp.h"
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <cstring>
#include <stdexcept>

namespace roam {
namespace {

template <class Record, class Fill>
std::string written(Fill fill) {
  capnp::MallocMessageBuilder message;
  fill(message.initRoot<Record>());
  auto words = capnp::messageToFlatArray(message);
  auto bytes = words.asBytes();
  return {bytes.asChars().begin(), bytes.size()};
}

/// take(record). What a value is not fails with words.
template <class Record, class Take>
void read(std::string_view bytes, Take take) {
  KJ_IF_MAYBE (damage, kj::runCatchingExceptions([&] {
                 // Copied: what lies in a string need not be aligned.
                 auto words = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word));
                 if (words.size() > 0)
                   std::memcpy(words.begin(), bytes.data(), words.asBytes().size());
                 capnp::FlatArrayMessageReader message(words);
                 take(message.getRoot<Record>());
               }))
    throw std::runtime_error(std::string("a record in the cluster's store can't be read: ") +
                             damage->getDescription().cStr());
}

template <class Bytes>
std::string text(Bytes from) {
  return {reinterpret_cast<const char*>(from.begin()), from.size()};
}

kj::ArrayPtr<const kj::byte> bytesOf(const std::string& text) {
  return kj::arrayPtr(reinterpret_cast<const kj::byte*>(text.data()), text.size());
}

} // namespace

std::string Binding::write() const {
  return written<protocol::Binding>([this](protocol::Binding::Builder to) {
    to.setRevision(revision);
    to.setDigest(net::bytesOf(digest));
    to.setSignature(signature.c_str());
    to.setCaptures(bytesOf(captures));
    to.setHome(home);
    to.setDescription(description.c_str());
    to.setBoundBy(boundBy.c_str());
    to.setBoundAt(boundAt);
    to.setCopyOf(copyOf);
  });
}

Binding Binding::read(std::string_view bytes) {
  Binding binding;
  roam::read<protocol::Binding>(bytes, [&](protocol::Binding::Reader from) {
    binding.revision = from.getRevision();
    binding.digest = net::digestFrom(from.getDigest());
    binding.signature = text(from.getSignature());
    binding.captures = text(from.getCaptures());
    binding.home = from.getHome();
    binding.description = text(from.getDescription());
    binding.boundBy = text(from.getBoundBy());
    binding.boundAt = from.getBoundAt();
    binding.copyOf = from.getCopyOf();
  });
  return binding;
}

std::string MemberRecord::write() const {
  return written<protocol::Member>([this](protocol::Member::Builder to) {
    to.setName(name.c_str());
    to.setWorkers(workers);
    to.setTarget(target.c_str());
    to.setLeaving(leaving);
    to.setStarted(started);
  });
}

MemberRecord MemberRecord::read(std::string_view bytes) {
  MemberRecord member;
  roam::read<protocol::Member>(bytes, [&](protocol::Member::Reader from) {
    member.name = text(from.getName());
    member.workers = from.getWorkers();
    member.target = text(from.getTarget());
    member.leaving = from.getLeaving();
    member.started = from.getStarted();
  });
  return member;
}

std::string writeCodeSize(std::uint64_t bytes) {
  return written<protocol::CodeSize>([&](protocol::CodeSize::Builder to) { to.setBytes(bytes); });
}

std::uint64_t readCodeSize(std::string_view record) {
  std::uint64_t bytes = 0;
  read<protocol::CodeSize>(record,
                           [&](protocol::CodeSize::Reader from) { bytes = from.getBytes(); });
  return bytes;
}

} // namespace roam
