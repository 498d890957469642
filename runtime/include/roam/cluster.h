// A cluster as a program sees it: peers that run its lambdas.
#pragma once
#include "roam/api.h"
#include "roam/call.h"
#include "roam/error.h"
#include "roam/future.h"
#include "roam/options.h"
#include "roam/wrapper.h"
#include <string>
#include <string_view>
#include <vector>

namespace roam {

/// A peer of a cluster as a program sees it: as it introduced itself.
struct Member {
  std::string name;     ///< "host:process"
  std::string address;  ///< "127.0.0.1:7070" or "unix:/path"
  unsigned workers = 0; ///< closures it runs at the same time
  unsigned index = 0;   ///< its place in the order of joining, which stays when others are lost
};

/// What one peer answered to `onAll`: `result.get()` gives the value or throws that peer's error.
template <class R>
struct PeerResult {
  Member peer;
  Future<R> result;
};

/// One element of `mapUnordered`.
template <class R>
struct Indexed {
  std::uint64_t index; ///< of the element in the input
  R value;
};

/// What became of a peer of the cluster.
enum class PeerChange {
  joined,    ///< it takes work: it is new, or back
  suspected, ///< its connection broke, or it is silent; what it ran goes elsewhere
  left,      ///< it took leave
  dead,      ///< its lease ended without a word; or it was no member of a cluster and was lost
};

struct PeerEvent {
  PeerChange change;
  Member peer;
  std::string why; ///< for people; empty for `joined`
};

template <class Signature>
class Live;
class Names;
class PeerWatch;

/// What `for` takes.
template <class Range>
concept Iterable = requires(Range& range) {
  std::begin(range);
  std::end(range);
};

template <class R, class Range>
class Unordered;

/// Sends closures to peers. A closure is a lambda or function object whose captures can travel:
/// values, standard containers, aggregates, other closures, types with a `serialize` member. What
/// can't is a compile error at the capture.
///
/// Thread-safe: any number of threads may call. Moves, does not copy. Calls still running when it
/// is destroyed are cancelled; their futures throw Cancelled. Must be called neither from a
/// closure's `serialize` nor from an encoding function.
class ROAM_API Cluster {
 public:
  Cluster(Cluster&& other) noexcept;
  Cluster& operator=(Cluster&& other) noexcept;
  ~Cluster();

  /// f(x) for each x of the range, in its order. Blocks. The range is any that `for` takes; its
  /// elements must be encodable. It is split into chunks that peers pull, so a fast peer runs more
  /// of them. `f` is copied once a chunk: what it changes in its captures lasts for that chunk
  /// only.
  ///
  /// Chunks of a lost peer run elsewhere, so an element may be computed more than once and gives
  /// one result. Throws what `f` threw at the lowest index; PeerLost if no peer is left; Timeout;
  /// Refused if a peer cannot run the code.
  template <Iterable Range, class F>
  auto map(const Range& range, const F& f, const Options& options = {});

  /// As `map`, but gives results while they come: iterate over the returned object once, on one
  /// thread. The range stays as it is until then if it is an lvalue; a temporary is moved into the
  /// object.
  template <Iterable Range, class F>
  auto mapUnordered(Range&& range, const F& f, Options options = {});

  /// op(... op(op(init, f(x0)), f(x1)) ...), chunks folded on the peers and their results here,
  /// from left to right. `op` must be associative. Chunk borders depend on the length of the range
  /// alone, so a floating-point sum is the same in every run and on every cluster.
  template <Iterable Range, class F, class Op, class R>
  R mapReduce(const Range& range, const F& f, const Op& op, R init, const Options& options = {});

  /// Starts f(args...) on the peer with the least to do. Does not block.
  template <class F, class... Args>
  auto async(const F& f, const Args&... args);
  /// The same with options, to be moved or made on the spot: `cluster.async({.retries = 0}, f, x)`.
  /// Of those, `chunk` and `progress` mean nothing for a single call.
  template <class F, class... Args>
  auto async(Options options, const F& f, const Args&... args);

  /// f(args...) on that peer. Blocks. Throws PeerLost if the peer is gone: nothing is run
  /// elsewhere.
  template <class F, class... Args>
  auto on(const Member& peer, const F& f, const Args&... args);
  template <class F, class... Args>
  auto on(const Member& peer, const Options& options, const F& f, const Args&... args);

  /// f(args...) once on every peer, all at the same time. Blocks until each has answered or is
  /// lost; throws nothing of what went wrong on a peer: its PeerResult does.
  template <class F, class... Args>
  auto onAll(const F& f, const Args&... args);
  template <class F, class... Args>
  auto onAll(const Options& options, const F& f, const Args&... args);

  /// As `map`, of what a name is bound to now: the whole map keeps that revision.
  template <Iterable Range, class R, class A>
  auto map(const Range& range, const Live<R(A)>& f, const Options& options = {});

  /// The peers that are connected now, in the order in which they were found.
  std::vector<Member> peers() const;
  /// What becomes of peers from now on, those that are there first, as `joined`.
  PeerWatch watchPeers() const;

  /// Binds a name to the code of `f` and its captures, which may take 64 KiB encoded, as the name's
  /// next revision, and returns that. All peers of the cluster hold the code ready to run before
  /// the name is switched; if one can't, nothing changes, and Refused or PeerLost says who and why.
  /// From when this returns, calls of this process are of the new revision or a later one. The
  /// signature is that of `f`; of a generic lambda it must be given: publish<double(double)>(...).
  /// Names are letters, digits and ". _ -", with "/" between parts. This and what follows is in
  /// <roam/live.h>, for programs that use names.
  template <class Signature = void, class F>
  auto publish(std::string_view name, const F& f);
  /// The same for several names at once: publish("a", f, "b", g). One transaction switches all, so
  /// no one sees some of them.
  template <class F, class G, class... More>
  auto publish(std::string_view name, const F& f, std::string_view name2, const G& g,
               const More&... more);
  /// A function object that calls what the name is bound to at the moment of each call.
  template <class Signature>
  Live<Signature> live(std::string_view name) const;
  /// What all names are bound to now.
  Names names() const;

 private:
  friend Cluster connect();
  friend Cluster connect(std::string_view where);
  friend class Names;
  friend class PeerWatch;
  template <class Signature>
  friend class Live;
  friend class detail::LiveName;
  class State;
  explicit Cluster(State* state) : state_(state) {}
  friend detail::LiveName detail::nameInTheOnlyCluster(std::string_view, std::string_view);
  static State& onlyState();
  State& state() const;
  detail::Call start(const detail::CallSpec& spec);
  /// Starts the call and hands each of its chunks to take(results, chunk).
  void collect(const detail::CallSpec& spec, const ProgressFunction& progress,
               void (*take)(void* results, const detail::CompletedChunk& chunk), void* results);
  static detail::Call start(State& state, const detail::CallSpec& spec);
  /// The revisions of the names.
  std::vector<std::uint64_t> bind(const std::vector<detail::BindSpec>& specs);
  template <class Signature, class F, class... More>
  std::vector<std::uint64_t> bindAfter(std::vector<detail::BindSpec>& specs, std::string_view name,
                                       const F& f, const More&... more);
  template <class F, class... Args>
  auto startOne(int peer, const Options& options, const F& f, const Args&... args);

  State* state_ = nullptr;
};

/// Roam's version: "0.1.0".
ROAM_API const char* version();

/// Joins a cluster: `where` says where its peers are found, as `roam peer --join` takes it, for
/// example "127.0.0.1:7070,unix:/run/roam.sock", "dir:/srv/roam" or "multicast"; all else is as it
/// is configured. Every address of a list must answer within the connect limit of 5 s, and one peer
/// of any other place, else PeerLost says who did not. The compiled objects in the bundles that the
/// environment variable ROAM_BUNDLE lists (paths separated by colons) are sent along with their
/// slices, so that peers need not compile them. Throws ConfigurationError for what is written
/// wrongly, or a file that is no bundle.
ROAM_API Cluster connect(std::string_view where);

/// Joins the cluster that is configured: by the environment variable ROAM_JOIN, or by join in
/// ./roam.toml or ~/.config/roam/roam.toml. Throws ConfigurationError if what is configured is
/// wrong. With nothing, starts a private cluster: peers on this machine with one worker a
/// processor, reached through Unix sockets that only this user can open, ended with the returned
/// object or with the program, however that ends. Takes some 50 ms; the first use of each closure
/// compiles it, unless it was compiled here before.
ROAM_API Cluster connect();

} // namespace roam

#include "roam/cluster-templates.h"
