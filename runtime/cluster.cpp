// roam::Cluster: the public calls, on a loop thread that holds the connections.
#include "roam/cluster.h"
#include "jit/slice/platform.h"
#include "net/address.h"
#include "net/limits.h"
#include "net/peer.h"
#include "roam/error.h"
#include "runtime/code-packing.h"
#include "runtime/function-names.h"
#include "runtime/loop-thread.h"
#include "runtime/origin.h"
#include "runtime/private-cluster.h"
#include "runtime/running-call.h"
#include "runtime/shipped-objects.h"
#include <fmt/format.h>
#include <kj/debug.h>

namespace roam {
namespace {

/// The arguments of a call that were encoded when it was started, or the function that encodes a
/// range of them.
std::function<void(ElementRange, Output&)> encoderOf(const detail::CallSpec& spec) {
  if (spec.encode != nullptr)
    return [encode = spec.encode, source = spec.source](ElementRange range, Output& out) {
      encode(source, range.first, range.count, out);
    };
  return [bytes = std::string(spec.arguments, spec.argumentsSize)](ElementRange, Output& out) {
    out.write(bytes.data(), bytes.size());
  };
}

std::string_view bundlesListed() {
  const char* paths = getenv("ROAM_BUNDLE");
  return paths == nullptr ? "" : paths;
}

const PackedCode& codeOf(const detail::CallSpec& spec, CodePacker& packer) {
  auto* functions = reinterpret_cast<const EntryRecord*>(spec.functions);
  auto* end = reinterpret_cast<const EntryRecord*>(spec.functionsEnd);
  auto* named = reinterpret_cast<const NamedAddress*>(spec.addresses);
  auto* namedEnd = reinterpret_cast<const NamedAddress*>(spec.addressesEnd);
  std::vector<std::string> targets;
  for (std::size_t i = 0; i < spec.targetCount; ++i)
    targets.push_back(spec.targets[i].name != nullptr
                          ? spec.targets[i].name
                          : nameOfFunction(spec.targets[i].address, {named, namedEnd}));
  return packer.pack(*spec.entry, {functions, end}, targets);
}

} // namespace

class Cluster::State {
 public:
  State(const std::vector<std::string>& addresses, std::unique_ptr<PrivateCluster> ours)
      : private_(std::move(ours)), shipped_(bundlesListed()),
        loop_([&](kj::AsyncIoContext& io) { begin(io, addresses); }, [this] { end(); }),
        link_(std::make_shared<LoopLink>(loop_)) {}
  ~State();

  /// False in a process that was forked from the one the cluster was made in: its thread is not
  /// here.
  bool isHere() const { return link_->isHere(); }
  std::shared_ptr<RunningCall> start(const detail::CallSpec& spec);
  std::vector<Member> peers();

 private:
  void begin(kj::AsyncIoContext& io, const std::vector<std::string>& addresses);
  void end();
  void forgetEnded();

  std::unique_ptr<PrivateCluster> private_; // outlives the loop that speaks to it
  ShippedObjects shipped_;
  CodePacker packer_;      // outlives the jobs that send what it packed
  kj::Own<Origin> origin_; // on the loop only
  std::mutex mutex_;
  std::vector<std::weak_ptr<RunningCall>> calls_; // guarded by mutex_
  std::size_t forgetAt_ = 64;                     // guarded by mutex_
  LoopThread loop_;
  std::shared_ptr<LoopLink> link_;
};

void Cluster::State::begin(kj::AsyncIoContext& io, const std::vector<std::string>& addresses) {
  net::Hello mine;
  mine.name = net::nameOfThisProcess();
  mine.version = ROAM_VERSION;
  std::string failures;
  std::vector<kj::Own<net::Peer>> peers(
      addresses.size()); // in the order of the list, whoever answers first
  kj::Vector<kj::Promise<void>> dials;
  for (std::size_t i = 0; i < addresses.size(); ++i)
    dials.add(
        net::dial(io.provider->getNetwork(), io.provider->getTimer(), addresses[i].c_str(), mine)
            .then([&peers, i](kj::Own<net::Peer> peer) { peers[i] = kj::mv(peer); },
                  [&](kj::Exception&& exception) {
                    failures += fmt::format("\n  {}", exception.getDescription().cStr());
                  })
            .eagerlyEvaluate(nullptr));
  kj::joinPromises(dials.releaseAsArray()).wait(io.waitScope);
  if (!failures.empty())
    throw PeerLost("cannot join the cluster:" + failures);
  auto origin = kj::heap<Origin>(io.provider->getTimer());
  for (auto& peer : peers)
    origin->add(kj::mv(peer));
  origin_ = kj::mv(origin);
}

void Cluster::State::end() {
  origin_ = nullptr;
}

Cluster::State::~State() {
  std::vector<std::shared_ptr<RunningCall>> calls;
  {
    std::lock_guard lock(mutex_);
    for (auto& call : calls_)
      if (auto running = call.lock())
        calls.push_back(std::move(running));
  }
  link_->run([&] {
    for (auto& call : calls)
      call->abandon(std::make_exception_ptr(Cancelled("the cluster object was destroyed")));
  });
  link_->cut();
}

std::shared_ptr<RunningCall> Cluster::State::start(const detail::CallSpec& spec) {
  if (spec.capturesSize > limits::chunkBytes)
    throw Refused(fmt::format("the captures of the closure are {} bytes; the limit is {} MiB",
                              spec.capturesSize, limits::chunkBytes >> 20));
  const PackedCode& code = codeOf(spec, packer_);
  auto captures = kj::heapArray<const kj::byte>(reinterpret_cast<const kj::byte*>(spec.captures),
                                                spec.capturesSize);
  auto job = std::make_shared<JobSpec>();
  job->entry = code.digest;
  job->code.slice =
      kj::arrayPtr(reinterpret_cast<const kj::byte*>(code.bytes().data()), code.bytes().size());
  job->code.description = code.description.c_str();
  job->code.objects = shipped_.of(code.digest);
  job->captures = std::make_shared<const kj::Array<const kj::byte>>(kj::mv(captures));
  job->count = spec.count;
  job->encode = encoderOf(spec);
  job->peer = spec.peer;
  job->home = code.home;
  job->chunk = spec.fixedChunks && spec.chunk == 0
                   ? std::max<std::uint64_t>(1, spec.count / ChunkPlan::chunksOfReduction)
                   : spec.chunk;
  job->deadline =
      std::int64_t(boundedSeconds(Duration{spec.deadlineSeconds}) * 1e6) * kj::MICROSECONDS;
  job->retries = spec.retries;

  auto call = std::make_shared<RunningCall>(link_);
  {
    std::lock_guard lock(mutex_);
    forgetEnded();
    calls_.push_back(call);
  }
  loop_.post([this, call, job] { call->begin(*origin_, kj::mv(*job)); });
  return call;
}

/// Keeps calls_ as long as the calls that exist, at a constant cost a call.
void Cluster::State::forgetEnded() {
  if (calls_.size() < forgetAt_)
    return;
  std::erase_if(calls_, [](auto& call) { return call.expired(); });
  forgetAt_ = 64 + 2 * calls_.size();
}

std::vector<Member> Cluster::State::peers() {
  std::vector<Member> peers;
  link_->run([&] {
    for (auto& [index, peer] : origin_->peers())
      peers.push_back({peer->name(), peer->address(), peer->workers(), index});
  });
  return peers;
}

Cluster::Cluster(Cluster&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}

Cluster& Cluster::operator=(Cluster&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

Cluster::~Cluster() {
  if (state_ != nullptr && state_->isHere())
    delete state_; // in a forked process it is left alone: peers and connections are its parent's
}

Cluster::State& Cluster::state() const {
  if (state_ == nullptr)
    throw Error("this Cluster object was moved from: call the one it was moved to");
  if (!state_->isHere())
    throw Error("a Cluster does not outlive fork(): connect again in the new process");
  return *state_;
}

detail::Call Cluster::start(const detail::CallSpec& spec) {
  return detail::Call(new detail::CallState{state().start(spec)});
}

void Cluster::collect(const detail::CallSpec& spec, const ProgressFunction& progress,
                      void (*take)(void*, const detail::CompletedChunk&), void* results) {
  detail::Call call = start(spec);
  detail::CompletedChunk chunk;
  for (std::uint64_t done = 0; call.next(chunk);) {
    take(results, chunk);
    done += chunk.count;
    if (progress)
      progress({done, spec.count});
  }
}

std::vector<Member> Cluster::peers() const {
  return state().peers();
}

Cluster connect(std::string_view where) {
  auto addresses = net::splitAddresses(where);
  if (addresses.empty())
    throw ConfigurationError("there is no address in \"" + std::string(where) +
                             "\"; expected a list like 127.0.0.1:7070,unix:/run/roam.sock");
  return Cluster(new Cluster::State(addresses, nullptr));
}

Cluster connect() {
  if (const char* where = getenv("ROAM_JOIN"); where != nullptr && *where != 0)
    return connect(where);
  auto ours = std::make_unique<PrivateCluster>(PrivateCluster::forThisMachine());
  auto addresses = ours->addresses();
  return Cluster(new Cluster::State(addresses, std::move(ours)));
}

} // namespace roam
