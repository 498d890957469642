// One search for an object: up the order of the peers, then over all of them at once.
#include "runtime/peer/neighbours.h"
#include "net/limits.h"
#include <algorithm>
#include <kj/vector.h>
#include <span>
#include <stdexcept>

namespace roam::peer {
namespace {

using Found = Neighbours::Found;

/// The place of a peer among those that may compile the digest: the highest does.
Digest rankOf(const Digest& digest, const std::string& address) {
  std::string both = digest.toString() + address;
  return Digest::of(std::string_view(both));
}

} // namespace

// --- who there is ----------------------------------------------------------------------------

std::shared_ptr<const void> Neighbours::introduced(kj::StringPtr you,
                                                   std::vector<net::Neighbour> others) {
  auto place = introductions_.insert(introductions_.end(), {you.cStr(), std::move(others)});
  recount();
  return {&*place, [this, place](const void*) {
            introductions_.erase(place);
            recount();
          }};
}

/// Those of our target that some origin is connected to. Connections to those that stay stay.
void Neighbours::recount() {
  ownAddresses_.clear();
  for (auto& introduction : introductions_)
    ownAddresses_.insert(introduction.you);
  const std::string mine = target_.toText();
  std::map<std::string, kj::Own<Neighbour>> others;
  for (auto& introduction : introductions_)
    for (auto& [address, target] : introduction.others) {
      if (target != mine || ownAddresses_.count(address) > 0 || others.count(address) > 0)
        continue;
      auto known = others_.find(address);
      others.emplace(address, known != others_.end()
                                  ? kj::mv(known->second)
                                  : kj::refcounted<Neighbour>(world_, address, target_));
    }
  others_ = std::move(others);
}

// --- a search --------------------------------------------------------------------------------

/// Lives as long as the promise that it gives.
class Neighbours::Search {
 public:
  Search(Neighbours& all, const Digest& digest, kj::ArrayPtr<const kj::byte> slice);
  ~Search();
  KJ_DISALLOW_COPY(Search);

  /// The first of those that rank above us, from the one at `index` on, that gives the object; if
  /// none does, whoever else has it.
  kj::Promise<Found> askUpwards(std::size_t index = 0);
  /// Whoever has it.
  kj::Promise<Found> askAll();

 private:
  kj::Promise<Found> askAtOnce(kj::ArrayPtr<kj::Own<Neighbour>> peers);
  kj::Promise<Found> ask(Neighbour& peer, bool mayCompile, bool withSlice = false);
  Found taken(Neighbour& from, kj::Array<const kj::byte> object);
  void await(bool awaits);

  Neighbours& all_;
  const Digest digest_;
  const kj::ArrayPtr<const kj::byte> slice_;
  kj::Vector<kj::Own<Neighbour>> peers_; ///< the highest first
  std::size_t above_ = 0;                ///< how many of them rank above us
  bool awaits_ = false;
  std::size_t unanswered_ = 0;
  kj::Own<kj::PromiseFulfiller<Found>> first_;
  kj::Vector<kj::Promise<void>> asking_; ///< last: refers to all above
};

Neighbours::Search::Search(Neighbours& all, const Digest& digest,
                           kj::ArrayPtr<const kj::byte> slice)
    : all_(all), digest_(digest), slice_(slice) {
  Digest mine;
  for (auto& address : all.ownAddresses_)
    mine = std::max(mine, rankOf(digest, address));
  std::vector<std::pair<Digest, Neighbour*>> ranked;
  for (auto& [address, peer] : all.others_)
    ranked.emplace_back(rankOf(digest, address), peer);
  std::ranges::sort(ranked, std::ranges::greater());
  for (auto& [rank, peer] : ranked) {
    above_ += rank > mine;
    peers_.add(kj::addRef(*peer));
  }
  ++all_.searches_;
}

Neighbours::Search::~Search() {
  await(false);
  --all_.searches_;
}

void Neighbours::Search::await(bool awaits) {
  if (awaits && !awaits_)
    all_.awaited_.insert(digest_);
  if (!awaits && awaits_)
    all_.awaited_.erase(all_.awaited_.find(digest_));
  awaits_ = awaits;
}

kj::Promise<Found> Neighbours::Search::askUpwards(std::size_t index) {
  await(index < above_);
  if (index == above_)
    return askAtOnce(peers_.asPtr().slice(above_, peers_.size()));
  auto late =
      all_.world_.timer.afterDelay(limits::objectFetch).then([]() -> Found { return nullptr; });
  return ask(*peers_[index], true)
      .exclusiveJoin(kj::mv(late))
      .then([this, index](Found found) -> kj::Promise<Found> {
        if (found == nullptr)
          return askUpwards(index + 1);
        return kj::mv(found);
      });
}

kj::Promise<Found> Neighbours::Search::askAll() {
  return askAtOnce(peers_);
}

/// The first object that comes, or null when all have answered or it takes too long.
kj::Promise<Found> Neighbours::Search::askAtOnce(kj::ArrayPtr<kj::Own<Neighbour>> peers) {
  if (peers.size() == 0)
    return Found(nullptr);
  auto pair = kj::newPromiseAndFulfiller<Found>();
  first_ = kj::mv(pair.fulfiller);
  unanswered_ = peers.size();
  for (auto& peer : peers)
    asking_.add(ask(*peer, false)
                    .then([this](Found found) {
                      if (--unanswered_ == 0 || found != nullptr)
                        first_->fulfill(kj::mv(found));
                    })
                    .eagerlyEvaluate(nullptr));
  auto late =
      all_.world_.timer.afterDelay(limits::objectAsk).then([]() -> Found { return nullptr; });
  return pair.promise.exclusiveJoin(kj::mv(late));
}

/// Null if this peer gives none: then others are asked, or it is compiled here.
kj::Promise<Found> Neighbours::Search::ask(Neighbour& peer, bool mayCompile, bool withSlice) {
  net::ObjectQuestion question{digest_, all_.target_, nullptr, mayCompile};
  if (withSlice)
    question.slice = slice_;
  return peer.ask(question).then(
      [this, &peer, mayCompile, withSlice](net::ObjectAnswer&& answer) -> kj::Promise<Found> {
        using Kind = net::ObjectAnswer::Kind;
        if (answer.kind == Kind::wantSlice && slice_ != nullptr && !withSlice)
          return ask(peer, mayCompile, true);
        if (answer.kind == Kind::object)
          return taken(peer, kj::mv(answer.object));
        return Found(nullptr);
      },
      [](kj::Exception&&) -> kj::Promise<Found> { return Found(nullptr); });
}

Found Neighbours::Search::taken(Neighbour& from, kj::Array<const kj::byte> object) {
  try {
    (void)CompiledObject::readFor(std::as_bytes(std::span(object.begin(), object.size())), digest_,
                                  all_.target_);
    return kj::mv(object);
  } catch (const std::runtime_error& error) {
    from.complain(kj::str("its object for slice ", digest_.shortened().c_str(),
                          " is not used: ", error.what()));
    return nullptr;
  }
}

kj::Promise<Found> Neighbours::object(const Digest& digest, kj::ArrayPtr<const kj::byte> slice,
                                      bool mayCompile) {
  if (others_.empty() || searches_ >= limits::objectsAsked)
    return Found(nullptr);
  auto search = kj::heap<Search>(*this, digest, slice);
  auto found = mayCompile ? search->askUpwards() : search->askAll();
  return found.attach(kj::mv(search));
}

} // namespace roam::peer
