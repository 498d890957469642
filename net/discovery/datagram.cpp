// Reading and writing datagrams of discovery.
#include "net/discovery/datagram.h"
#include "net/discovery.capnp.h"
#include "net/limits.h"
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <cstring>

namespace roam::net {
namespace {

/// Looked at first: most of what is no datagram of ours costs no more than that.
constexpr char mark[8] = {'r', 'o', 'a', 'm', 1, 0, 0, 0};

std::string textOf(capnp::Text::Reader text) {
  return {text.begin(), text.size()};
}

Datagram read(capnp::MessageReader& message) {
  auto reader = message.getRoot<protocol::Datagram>();
  Datagram datagram;
  datagram.cluster = textOf(reader.getCluster());
  datagram.sender = reader.getSender();
  if (!reader.isAddresses())
    return datagram;
  auto& addresses = datagram.addresses.emplace();
  for (auto address : reader.getAddresses())
    addresses.push_back(textOf(address));
  return datagram;
}

std::string write(const Datagram& datagram, std::size_t addresses) {
  capnp::MallocMessageBuilder message;
  auto builder = message.initRoot<protocol::Datagram>();
  builder.setCluster(datagram.cluster.c_str());
  builder.setSender(datagram.sender);
  if (datagram.addresses) {
    auto list = builder.initAddresses(unsigned(addresses));
    for (unsigned i = 0; i < list.size(); ++i)
      list.set(i, (*datagram.addresses)[i].c_str());
  } else {
    builder.setQuery();
  }
  auto words = capnp::messageToFlatArray(message);
  auto bytes = words.asBytes();
  return std::string(mark, sizeof mark) + std::string(bytes.asChars().begin(), bytes.size());
}

} // namespace

std::optional<Datagram> Datagram::parse(kj::ArrayPtr<const kj::byte> bytes) {
  if (bytes.size() > limits::datagramBytes || bytes.size() < sizeof mark ||
      std::memcmp(bytes.begin(), mark, sizeof mark) != 0)
    return std::nullopt;
  auto rest = bytes.slice(sizeof mark, bytes.size());
  auto words = kj::heapArray<capnp::word>(rest.size() / sizeof(capnp::word)); // aligned
  std::memcpy(words.begin(), rest.begin(), words.size() * sizeof(capnp::word));
  capnp::ReaderOptions options;
  options.traversalLimitInWords = limits::datagramBytes / sizeof(capnp::word);
  options.nestingLimit = 4;
  std::optional<Datagram> datagram;
  kj::runCatchingExceptions([&] {
    capnp::FlatArrayMessageReader message(words, options);
    datagram = read(message);
  });
  return datagram;
}

std::string Datagram::bytes() const {
  std::size_t count = addresses ? addresses->size() : 0;
  while (true)
    if (std::string bytes = write(*this, count);
        bytes.size() <= limits::datagramBytes || count == 0)
      return bytes;
    else
      --count;
}

} // namespace roam::net
