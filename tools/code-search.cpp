// Everything that matches is collected, with the code where it is at hand; of the one that is left,
// the peers are asked for what is missing.
#include "tools/code-search.h"
#include "jit/slice/bundle.h"
#include "jit/slice/manifest.h"
#include "net/peer.h"
#include "roam/error.h"
#include "runtime/code-packing.h"
#include "tools/files.h"
#include "tools/program-symbols.h"
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <kj/async-io.h>
#include <map>

namespace roam::tools {
namespace {

class Search {
 public:
  explicit Search(const std::string& beginning) : beginning_(beginning) {
    for (char& c : beginning_)
      c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }

  void lookInto(kj::AsyncIoContext& io, net::Peer& peer) {
    for (net::CodeStatus& status : peer.codes({}).wait(io.waitScope))
      if (FoundCode* found = match(status.digest)) {
        if (found->description.empty())
          found->description = status.description;
        found->uses.push_back({peer.address(), std::move(status)});
      }
  }

  void lookIntoBundle(const std::string& path) {
    std::string file = readFile(path);
    try {
      Bundle bundle = Bundle::read(std::as_bytes(std::span(file)));
      for (const BundleEntry& entry : bundle.entries())
        if (FoundCode* found = match(entry.digest)) {
          found->code = textOf(entry.code.take());
          found->description = textOf(entry.description.take());
        }
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(fmt::format("{}: {}", path, error.what()));
    }
  }

  void lookIntoProgram(const std::string& path) {
    std::string file = readFile(path);
    try {
      ProgramSymbols program(path, file);
      for (const ManifestEntry& entry : readManifest(file))
        add(entry, program);
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(fmt::format("{}: {}", path, error.what()));
    }
  }

  /// The only one.
  FoundCode& one() {
    if (found_.empty())
      throw std::runtime_error(
          fmt::format("no code whose digest begins with {} is known to the peers, bundles and "
                      "programs that were asked (--join, --bundle, further arguments)",
                      beginning_));
    if (found_.size() > 1) {
      std::vector<std::string> all;
      for (auto& [digest, code] : found_)
        all.push_back(digest.toString());
      throw std::runtime_error(fmt::format("{} digests begin with {}: {}", all.size(), beginning_,
                                           fmt::join(all, ", ")));
    }
    return found_.begin()->second;
  }

 private:
  static std::string textOf(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  FoundCode* match(const Digest& digest) {
    if (!digest.toString().starts_with(beginning_))
      return nullptr;
    FoundCode& found = found_[digest];
    found.digest = digest;
    return &found;
  }

  /// Under its own digest, and under that of the group it travels in.
  void add(const ManifestEntry& entry, const ProgramSymbols& program) {
    auto add = [&](const Digest& digest, std::string_view code) {
      if (FoundCode* found = match(digest)) {
        found->code = code;
        found->description = entry.description.toText();
      }
    };
    add(entry.digest, entry.slice);
    try {
      PackedCode packed = packCode(entry, {}, program);
      add(packed.digest, packed.bytes());
    } catch (const Refused&) {
      // It has no group: it can't be sent.
    }
  }

  std::string beginning_;
  std::map<Digest, FoundCode> found_;
};

/// Null, and a line on standard error, if it does not answer.
kj::Maybe<kj::Own<net::Peer>> dial(kj::AsyncIoContext& io, const std::string& address) {
  net::Hello mine;
  mine.name = "roam show";
  mine.version = ROAM_VERSION;
  try {
    return net::dial(io.provider->getNetwork(), io.provider->getTimer(), address.c_str(), mine)
        .wait(io.waitScope);
  } catch (const kj::Exception& failure) {
    fmt::print(stderr, "roam: {}: {}\n", address, failure.getDescription().cStr());
    return nullptr;
  }
}

} // namespace

FoundCode findCode(const std::string& beginning, const CodePlaces& places) {
  Search search(beginning);
  for (const std::string& path : places.programs)
    search.lookIntoProgram(path);
  for (const std::string& path : places.bundles)
    search.lookIntoBundle(path);
  kj::AsyncIoContext io = kj::setupAsyncIo();
  kj::Vector<kj::Own<net::Peer>> peers;
  for (const std::string& address : places.peers)
    KJ_IF_MAYBE (peer, dial(io, address)) {
      search.lookInto(io, **peer);
      peers.add(kj::mv(*peer));
    }
  FoundCode& found = search.one();
  for (auto& peer : peers)
    if (found.code.empty())
      for (net::FetchedSlice& slice : peer->slices({found.digest}).wait(io.waitScope))
        found.code = std::move(slice.code);
  return found;
}

} // namespace roam::tools
