// roam::Cluster: the public calls, on a loop thread that holds the connections.
#include "roam/cluster.h"
#include "jit/slice/platform.h"
#include "net/limits.h"
#include "net/peer.h"
#include "roam/error.h"
#include "runtime/cluster-state.h"
#include "runtime/code-packing.h"
#include "runtime/configuration.h"
#include "runtime/function-names.h"
#include <algorithm>
#include <fmt/format.h>
#include <iterator>
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

Members::Options optionsOf(const Configuration& configuration) {
  return {configuration.joinOptions(), configuration.texts("require")};
}

} // namespace

// --- the state ---------------------------------------------------------------------------------

std::exception_ptr errorOf(const kj::Exception& exception) {
  std::string words = net::wordsOf(exception).cStr();
  switch (exception.getType()) {
  case kj::Exception::Type::DISCONNECTED:
    return std::make_exception_ptr(PeerLost(words));
  case kj::Exception::Type::FAILED:
    return std::make_exception_ptr(Refused(words));
  case kj::Exception::Type::OVERLOADED: // or it was waited for too long
    return std::make_exception_ptr(Timeout(words));
  default:
    return std::make_exception_ptr(Error(words));
  }
}

void Cluster::State::Tasks::taskFailed(kj::Exception&& exception) {
  KJ_LOG(ERROR, "of a task of the cluster", exception);
}

Cluster::State::State(Members::Options where, const ConfiguredValue& bundles,
                      std::unique_ptr<PrivateCluster> ours)
    : private_(std::move(ours)), shipped_(bundles),
      loop_([&](kj::AsyncIoContext& io) { begin(io, where); }, [this] { end(); }),
      link_(std::make_shared<LoopLink>(loop_)) {
  std::lock_guard lock(allMutex);
  all.push_back(this);
}

Cluster::State& Cluster::onlyState() {
  std::lock_guard lock(State::allMutex);
  std::vector<State*> here;
  std::ranges::copy_if(State::all, std::back_inserter(here),
                       [](const State* state) { return state->isHere(); });
  if (here.size() != 1)
    throw Error(here.empty()
                    ? "roam::live needs a cluster: this process is connected to none"
                    : "roam::live can't tell which cluster is meant, for this process is connected "
                      "to several: call `live` of one of them");
  return *here.front();
}

void Cluster::State::begin(kj::AsyncIoContext& io, const Members::Options& where) {
  net::Hello mine;
  mine.name = processName_ = net::nameOfThisProcess();
  mine.version = ROAM_VERSION;
  mine.cluster = where.places.cluster;
  timer_ = &io.provider->getTimer();
  tasks_ = kj::heap<Tasks>();
  origin_ = kj::heap<Origin>(*timer_);
  try {
    members_ =
        kj::heap<Members>(io, *origin_, mine, where,
                          [this](PeerChange change, const Member& peer, const std::string& why) {
                            watchers_.tell({change, peer, why});
                          });
    members_->joined().wait(io.waitScope);
  } catch (const kj::Exception& exception) {
    end();
    std::rethrow_exception(errorOf(exception));
  }
  nameStore_ = kj::heap<NameStore>(members_->store());
}

void Cluster::State::end() {
  fetching_.clear();
  tasks_ = nullptr;
  table_ = nullptr;
  nameStore_ = nullptr;
  members_ = nullptr;
  origin_ = nullptr;
}

Cluster::State::~State() {
  {
    std::lock_guard lock(allMutex);
    std::erase(all, this);
  }
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

const PackedCode& Cluster::State::codeOf(const detail::CallSpec& spec) {
  auto* functions = reinterpret_cast<const EntryRecord*>(spec.functions);
  auto* end = reinterpret_cast<const EntryRecord*>(spec.functionsEnd);
  auto* named = reinterpret_cast<const NamedAddress*>(spec.addresses);
  auto* namedEnd = reinterpret_cast<const NamedAddress*>(spec.addressesEnd);
  std::vector<std::string> targets;
  for (std::size_t i = 0; i < spec.targetCount; ++i)
    targets.push_back(spec.targets[i].name != nullptr
                          ? spec.targets[i].name
                          : nameOfFunction(spec.targets[i].address, {named, namedEnd}));
  return packer_.pack(*spec.entry, {functions, end}, targets);
}

void Cluster::State::describe(const detail::CallSpec& spec, JobSpec& job) {
  if (spec.capturesSize > limits::chunkBytes)
    throw Refused(fmt::format("the captures of the closure are {} bytes; the limit is {} MiB",
                              spec.capturesSize, limits::chunkBytes >> 20));
  const PackedCode& code = codeOf(spec);
  auto captures = kj::heapArray<const kj::byte>(reinterpret_cast<const kj::byte*>(spec.captures),
                                                spec.capturesSize);
  job.entry = code.digest;
  job.code.slice =
      kj::arrayPtr(reinterpret_cast<const kj::byte*>(code.bytes().data()), code.bytes().size());
  job.code.description = code.description.c_str();
  job.code.objects = shipped_.of(code.digest);
  job.captures = std::make_shared<const kj::Array<const kj::byte>>(kj::mv(captures));
  job.home = code.home;
}

std::shared_ptr<RunningCall> Cluster::State::start(const detail::CallSpec& spec) {
  auto job = std::make_shared<JobSpec>();
  auto call = std::make_shared<RunningCall>(link_);
  if (spec.name != nullptr)
    describeNamed(spec, *job);
  else
    describe(spec, *job);
  if (spec.linked != nullptr && runHere(spec, *job, *call))
    return call;
  job->count = spec.count;
  job->encode = encoderOf(spec);
  job->peer = spec.peer;
  job->chunk = spec.fixedChunks && spec.chunk == 0
                   ? std::max<std::uint64_t>(1, spec.count / ChunkPlan::chunksOfReduction)
                   : spec.chunk;
  job->deadline =
      std::int64_t(boundedSeconds(Duration{spec.deadlineSeconds}) * 1e6) * kj::MICROSECONDS;
  job->mayRepeat = spec.isOverRange || spec.idempotent;
  job->hedges = spec.isOverRange;
  job->retries = spec.retries;

  {
    std::lock_guard lock(mutex_);
    forgetEnded();
    calls_.push_back(call);
  }
  if (spec.output != nullptr)
    job->output = [to = std::weak_ptr(call)](const std::string& peer, kj::StringPtr line,
                                             bool isError) {
      if (auto running = to.lock())
        running->printed(peer, line, isError);
    };
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
  state_->checkHere();
  return *state_;
}

void Cluster::State::checkHere() const {
  if (!isHere())
    throw Error("a Cluster does not outlive fork(): connect again in the new process");
}

detail::Call Cluster::start(State& state, const detail::CallSpec& spec) {
  state.checkHere();
  return detail::Call(new detail::CallState{state.start(spec), spec.output});
}

detail::Call Cluster::start(const detail::CallSpec& spec) {
  return start(state(), spec);
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
  auto configuration =
      Configuration::ofThisProcess({{"join", {{std::string(where)}, "roam::connect"}}});
  if (configuration.texts("join").empty())
    throw ConfigurationError("there is no address in \"" + std::string(where) +
                             "\"; expected a list like 127.0.0.1:7070,unix:/run/roam.sock");
  return Cluster(new Cluster::State(optionsOf(configuration), configuration["bundle"], nullptr));
}

Cluster connect() {
  auto configuration = Configuration::ofThisProcess();
  Members::Options options = optionsOf(configuration);
  std::unique_ptr<PrivateCluster> ours;
  if (options.places.where.empty()) {
    ours = std::make_unique<PrivateCluster>(
        PrivateCluster::forThisMachine(configuration.text("command")));
    options.places = {.where = ours->addresses()};
  }
  return Cluster(new Cluster::State(options, configuration["bundle"], std::move(ours)));
}

} // namespace roam
