// Asks peers one after another: the code comes from the first that has it.
#include "tools/cluster-closures.h"
#include "net/limits.h"
#include "net/log.h"
#include "net/peer.h"
#include <fmt/format.h>
#include <map>
#include <span>

namespace roam::tools {
namespace {

/// What all peers together know of one code.
struct Use {
  std::uint64_t calls = 0;
  bool given = false;
};

class ClusterReader {
 public:
  explicit ClusterReader(BundleWriter& bundle) : bundle_(bundle) {}

  void read(const std::string& address) {
    net::Hello mine;
    mine.name = "roam bundle";
    mine.version = ROAM_VERSION;
    auto peer = net::dial(io_.provider->getNetwork(), io_.provider->getTimer(), address, mine)
                    .wait(io_.waitScope);
    std::vector<Digest> wanted;
    for (const net::CodeStatus& code : peer->codes({}).wait(io_.waitScope)) {
      Use& use = uses_[code.digest];
      use.calls += code.calls;
      if (!use.given && code.sliceBytes > 0)
        wanted.push_back(code.digest);
    }
    for (std::span<const Digest> rest(wanted); !rest.empty();) {
      auto some = rest.first(std::min(rest.size(), limits::slicesPerRequest));
      fetch(*peer, {some.begin(), some.end()});
      rest = rest.subspan(some.size());
    }
  }

  /// Adds the weights. Returns a line for each code that no peer gave.
  std::vector<std::string> finish() {
    std::vector<std::string> leftOut;
    for (auto& [digest, use] : uses_)
      if (use.given)
        bundle_.addWeight(digest, use.calls);
      else
        leftOut.push_back(fmt::format("{}, done {} times: no peer holds its slice",
                                      digest.toString(), use.calls));
    return leftOut;
  }

 private:
  void fetch(net::Peer& peer, std::vector<Digest> digests) {
    for (net::FetchedSlice& slice : peer.slices(std::move(digests)).wait(io_.waitScope)) {
      bundle_.addCode(std::move(slice.code), slice.description, 0);
      uses_[slice.digest].given = true;
    }
  }

  BundleWriter& bundle_;
  kj::AsyncIoContext io_ = kj::setupAsyncIo();
  std::map<Digest, Use> uses_;
};

} // namespace

std::vector<std::string> addCluster(BundleWriter& bundle,
                                    const std::vector<std::string>& addresses) {
  ClusterReader reader(bundle);
  std::vector<kj::Exception> failures;
  for (const std::string& address : addresses)
    KJ_IF_MAYBE (failure, kj::runCatchingExceptions([&] { reader.read(address); }))
      failures.push_back(kj::mv(*failure));
  if (!failures.empty() && failures.size() == addresses.size())
    kj::throwFatalException(kj::mv(failures.front()));
  std::vector<std::string> lines = reader.finish();
  for (const kj::Exception& failure : failures)
    lines.push_back(net::wordsOf(failure).cStr());
  return lines;
}

} // namespace roam::tools
