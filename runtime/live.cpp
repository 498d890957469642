// The public calls of roam/live.h, and what happens at the origin for them.
#include "roam/live.h"
#include "net/coroutine.h"
#include "net/exceptions.h"
#include "net/limits.h"
#include "net/log.h"
#include "runtime/cluster-state.h"
#include "runtime/peer/linked-call.h"
#include "runtime/remote-exception.h"
#include <atomic>
#include <fmt/format.h>

namespace roam {

// --- names in a cluster's state ----------------------------------------------------------------

NameTable& Cluster::State::table() {
  if (table_.get() == nullptr)
    table_ = kj::heap<NameTable>(
        members_->store(), *timer_, [](const std::vector<NamedBinding>&) {},
        [this](std::string complaint) { members_->complain(complaint); });
  return *table_;
}

std::shared_ptr<const NameSnapshot> Cluster::State::names() {
  NameTable* table = listed_;
  if (table == nullptr)
    listed_ = table = await<NameTable*>([this]() -> kj::Promise<NameTable*> {
      auto late = timer_->afterDelay(limits::storeAnswer).then([this]() -> kj::Promise<NameTable*> {
        return net::disconnected(
            kj::str("the names of the cluster can't be read: ", members_->complaints().c_str()));
      });
      return this->table()
          .listed()
          .then([this] { return table_.get(); })
          .exclusiveJoin(kj::mv(late));
    });
  return table->snapshot();
}

/// The code that a name is bound to, for peers that lack it; once for all who ask.
kj::Promise<std::shared_ptr<const std::string>> Cluster::State::fetchCode(Digest digest) {
  if (auto code = fetched_[digest].lock())
    return code;
  auto fetching = fetching_.find(digest);
  if (fetching == fetching_.end())
    fetching = fetching_
                   .emplace(digest, findCode(digest)
                                        .attach(kj::defer([this, digest] {
                                          tasks_->all.add(kj::evalLater(
                                              [this, digest] { fetching_.erase(digest); }));
                                        }))
                                        .fork())
                   .first;
  return fetching->second.addBranch();
}

/// From the store; what that has forgotten, and somebody still uses, from the peers.
kj::Promise<std::shared_ptr<const std::string>> Cluster::State::findCode(Digest digest) {
  kj::Maybe<kj::Exception> problem;
  std::string code;
  try {
    code = co_await nameStore_->code(digest);
  } catch (const kj::Exception& exception) {
    problem = kj::cp(exception);
  }
  if (problem != nullptr) {
    std::vector<kj::Promise<std::vector<net::FetchedSlice>>> asked;
    for (auto& [index, peer] : origin_->peers())
      asked.push_back(peer->slices({digest}).catch_(
          [](kj::Exception&&) { return std::vector<net::FetchedSlice>(); }));
    for (auto& answer : asked)
      if (auto slices = co_await kj::mv(answer); code.empty() && !slices.empty())
        code = std::move(slices.front().code);
    if (code.empty())
      KJ_IF_MAYBE (exception, problem)
        throw kj::cp(*exception);
  }
  auto shared = std::make_shared<const std::string>(std::move(code));
  std::erase_if(fetched_, [](auto& each) { return each.second.expired(); });
  fetched_[digest] = shared;
  co_return std::shared_ptr<const std::string>(shared);
}

namespace {

std::shared_ptr<const Binding> bindingOf(const NameSnapshot& names, const std::string& name,
                                         const std::string& signature) {
  auto found = names.names.find(name);
  if (found == names.names.end())
    throw UnknownName(
        "nothing is bound to the name " + name +
        " in this cluster: bind it with Cluster::publish or `roam push`; `roam names` "
        "lists what there is");
  if (found->second->signature != signature)
    throw SignatureMismatch(name, signature, found->second->signature);
  return found->second;
}

} // namespace

struct detail::LiveName::State {
  std::atomic<unsigned> owners = 1;
  Cluster::State& cluster;
  const std::string name, signature;
  const std::shared_ptr<const Binding> pinned; ///< null: what the name is bound to at each call
};

void Cluster::State::describeNamed(const detail::CallSpec& spec, JobSpec& job) {
  const detail::LiveName::State& name = spec.name->state();
  auto binding = name.pinned ? name.pinned : bindingOf(*names(), name.name, name.signature);
  auto captures = kj::arrayPtr(reinterpret_cast<const kj::byte*>(binding->captures.data()),
                               binding->captures.size());
  job.entry = binding->digest;
  job.home = binding->home;
  job.captures =
      std::make_shared<const kj::Array<const kj::byte>>(captures.attach(std::move(binding)));
  job.fetchCode = [this, digest = job.entry] { return fetchCode(digest); };
}

std::shared_ptr<peer::LinkedEntries>
Cluster::State::linkedIn(const detail::LinkedSections& sections) {
  std::lock_guard lock(mutex_);
  auto& known = linked_[sections.linked];
  if (known == nullptr) {
    auto entries = std::make_shared<peer::LinkedEntries>();
    entries->add(peer::tableOf(sections));
    known = std::move(entries);
  }
  return known;
}

/// A single call, if its code is linked into this process: then it has been run.
bool Cluster::State::runHere(const detail::CallSpec& spec, const JobSpec& job, RunningCall& call) {
  if (spec.linked->linked == nullptr)
    return false;
  auto entries = linkedIn(*spec.linked);
  if (!entries->has(job.entry))
    return false;
  net::Chunk chunk;
  chunk.entry = job.entry;
  chunk.captures = *job.captures;
  chunk.arguments = {reinterpret_cast<const kj::byte*>(spec.arguments), spec.argumentsSize};
  chunk.count = 1;
  net::ChunkOutcome outcome = peer::callLinked(*entries, chunk);
  KJ_IF_MAYBE (failure, outcome.failure)
    call.abandon(remoteException(*failure, job.entry, processName_));
  else
    call.ranHere(kj::mv(outcome.results));
  return true;
}

PushedFunction Cluster::State::pushed(const detail::BindSpec& spec) {
  checkName(spec.name);
  if (spec.call.capturesSize > limits::boundCaptures)
    throw Refused(fmt::format("what is to be bound to {} captures {} bytes; the limit is {} KiB",
                              spec.name, spec.call.capturesSize, limits::boundCaptures >> 10));
  const PackedCode& code = codeOf(spec.call);
  return {.name = std::string(spec.name),
          .signature = std::string(spec.signature),
          .digest = code.digest,
          .code = std::string(code.bytes()),
          .home = code.home,
          .description = code.description,
          .captures = std::string(spec.call.captures, spec.call.capturesSize),
          .objects = shipped_.of(code.digest)};
}

kj::Promise<std::vector<std::uint64_t>>
Cluster::State::pushAll(std::vector<PushedFunction> functions) {
  PushReport report =
      co_await push(*members_, *nameStore_, *timer_, std::move(functions), processName_);
  try {
    co_await timer_->timeoutAfter(limits::storeAnswer, table().reached(report.revision));
  } catch (const kj::Exception& exception) {
    throw net::disconnected(
        kj::str("it is bound as it should be, but this process does not hear of it: the cluster's "
                "store was lost meanwhile: ",
                net::wordsOf(exception)));
  }
  std::vector<std::uint64_t> revisions;
  for (auto& [name, binding] : report.bindings)
    revisions.push_back(binding.revision);
  co_return revisions;
}

std::vector<std::uint64_t> Cluster::State::bind(const std::vector<detail::BindSpec>& specs) {
  std::vector<PushedFunction> functions;
  for (const detail::BindSpec& spec : specs)
    functions.push_back(pushed(spec));
  using Revisions = std::vector<std::uint64_t>;
  return await<Revisions>([this, &functions] {
    constexpr kj::Duration deadline = limits::compile + limits::connect;
    auto late = timer_->afterDelay(deadline).then([deadline]() -> kj::Promise<Revisions> {
      return net::overloaded(kj::str("not every peer was ready within ", deadline / kj::SECONDS,
                                     " s; `roam names` tells whether the names were bound"));
    });
    return pushAll(std::move(functions)).exclusiveJoin(kj::mv(late));
  });
}

// --- LiveName ----------------------------------------------------------------------------------

namespace detail {

LiveName::LiveName(Cluster::State& cluster, std::string_view name, std::string_view signature)
    : state_(nullptr) {
  checkName(name);
  state_ = new State{1, cluster, std::string(name), std::string(signature), nullptr};
}

LiveName::LiveName(const LiveName& other) : state_(other.state_) {
  ++state_->owners;
}

LiveName& LiveName::operator=(const LiveName& other) {
  LiveName copy(other);
  std::swap(state_, copy.state_);
  return *this;
}

LiveName::~LiveName() {
  if (--state_->owners == 0)
    delete state_;
}

Call LiveName::start(const CallSpec& spec) const {
  return Cluster::start(state_->cluster, spec);
}

std::string LiveName::name() const {
  return state_->name;
}

LiveName nameInTheOnlyCluster(std::string_view name, std::string_view signature) {
  return LiveName(Cluster::onlyState(), name, signature);
}

} // namespace detail

SignatureMismatch::SignatureMismatch(std::string name, std::string asked, std::string bound)
    : Error(name + " is asked for as " + asked + ", and is bound to a function of type " + bound +
            ": ask for that, or bind it to a function of the type that callers expect"),
      name_(std::move(name)), asked_(std::move(asked)), bound_(std::move(bound)) {}

// --- Names -------------------------------------------------------------------------------------

struct Names::State {
  Cluster::State& cluster;
  std::shared_ptr<const NameSnapshot> snapshot;
};

Names::Names(const Names& other) : state_(new State(*other.state_)) {}

Names& Names::operator=(const Names& other) {
  Names copy(other);
  std::swap(state_, copy.state_);
  return *this;
}

Names::~Names() {
  delete state_;
}

std::vector<Bound> Names::list() const {
  std::vector<Bound> all;
  for (auto& [name, binding] : state_->snapshot->names)
    all.push_back({name, binding->revision, binding->digest.toString(), binding->signature,
                   binding->boundBy, binding->boundAt});
  return all;
}

detail::LiveName Names::pin(std::string_view name, std::string_view signature) const {
  checkName(name);
  std::string asked(name), type(signature);
  auto binding = bindingOf(*state_->snapshot, asked, type);
  return detail::LiveName(
      new detail::LiveName::State{1, state_->cluster, asked, type, std::move(binding)});
}

// --- PeerWatch ---------------------------------------------------------------------------------

struct PeerWatch::State {
  std::shared_ptr<PeerWatchers::Queue> queue;
};

PeerWatch::PeerWatch(PeerWatch&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}

PeerWatch::~PeerWatch() {
  delete state_;
}

std::optional<PeerEvent> PeerWatch::next(Duration duration) {
  if (state_ == nullptr)
    throw Error("this PeerWatch was moved from: ask the one it was moved to");
  return state_->queue->take(boundedSeconds(duration));
}

// --- Cluster -----------------------------------------------------------------------------------

std::vector<std::uint64_t> Cluster::bind(const std::vector<detail::BindSpec>& specs) {
  return state().bind(specs);
}

Names Cluster::names() const {
  return Names(new Names::State{state(), state().names()});
}

PeerWatch Cluster::watchPeers() const {
  return PeerWatch(new PeerWatch::State{state().watchers().watch()});
}

} // namespace roam
