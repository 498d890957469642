// The words of a refusal at the door.
#include "net/hello.h"
#include "net/digests.h"
#include "net/exceptions.h"
#include "net/limits.h"
#include "net/log.h"
#include "net/objects.h"
#include <algorithm>
#include <kj/exception.h>
#include <span>
#include <stdexcept>
#include <unistd.h>

namespace roam::net {
namespace {

std::string text(capnp::Text::Reader from) {
  // Names are for people, in log lines and on terminals; nobody's name is longer.
  return oneLine({from.begin(), std::min<std::size_t>(from.size(), 256)});
}

} // namespace

void Hello::write(protocol::Hello::Builder to) const {
  to.setProtocol(protocol);
  to.setPlatform(platform.toString().c_str());
  to.setName(name.c_str());
  to.setWorkers(workers);
  to.setRoam(version.c_str());
  if (dictionary)
    to.setDictionary(bytesOf(*dictionary));
  to.setCluster(cluster.c_str());
  to.setAddress(address.c_str());
  if (target)
    to.setTarget(target->toText().c_str());
}

Hello Hello::read(protocol::Hello::Reader from) {
  Hello hello;
  hello.protocol = from.getProtocol();
  hello.name = text(from.getName());
  hello.workers = std::min(from.getWorkers(), limits::workers);
  hello.version = text(from.getRoam());
  if (hello.protocol != protocol::PROTOCOL_VERSION)
    return hello;
  auto dictionary = from.getDictionary();
  hello.dictionary =
      Digest::fromBytes(std::as_bytes(std::span(dictionary.begin(), dictionary.size())));
  hello.target = readTarget(from.getTarget());
  hello.cluster = text(from.getCluster());
  hello.address = text(from.getAddress());
  try {
    hello.platform = Platform::parse(text(from.getPlatform()));
  } catch (const std::runtime_error& error) {
    kj::throwFatalException(failed(error.what()));
  }
  return hello;
}

std::string Hello::refusalOf(const Hello& other) const {
  if (protocol != other.protocol)
    return name + " speaks Roam's protocol " + std::to_string(protocol) + " (Roam " + version +
           "), " + other.name + " protocol " + std::to_string(other.protocol) + " (Roam " +
           other.version + "): run the same Roam on both";
  if (!cluster.empty() && !other.cluster.empty() && cluster != other.cluster)
    return name + " belongs to the cluster \"" + cluster + "\", and " + other.name + " to \"" +
           other.cluster + "\"";
  std::string difference = platform.differenceFrom(other.platform);
  if (difference.empty())
    return {};
  return "code of " + other.name + " (there) can't run on " + name + " (here): " + difference;
}

std::string nameOfThisProcess() {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  return std::string(host) + ":" + std::to_string(getpid());
}

} // namespace roam::net
