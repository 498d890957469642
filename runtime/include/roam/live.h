// Names for code: bind one to a lambda, call what it is bound to, see what all are bound to.
//
//     cluster.publish("pricing.convert", [rate](double euros) { return euros * rate; });
//     ...
//     // in any program of the cluster
//     auto convert = roam::live<double(double)>("pricing.convert");
//     double pounds = convert(20); // what is bound meanwhile counts from the next call on
//
#pragma once
#include "roam/cluster.h"
#include "roam/linked.h"
#include "roam/signature.h"
#include <optional>

namespace roam {
namespace detail {

/// A name of a cluster, or what it was bound to at one moment. Must not outlive the cluster object.
/// Copies are cheap. Callable from any thread.
class ROAM_API LiveName {
 public:
  LiveName(Cluster::State& cluster, std::string_view name, std::string_view signature);
  LiveName(const LiveName& other);
  LiveName& operator=(const LiveName& other);
  ~LiveName();

  struct State;
  const State& state() const { return *state_; }
  Call start(const CallSpec& spec) const;
  std::string name() const;

 private:
  friend class roam::Names;
  explicit LiveName(State* state) : state_(state) {}
  State* state_; ///< counts its owners
};

template <class Signature>
struct SignatureOf : SignatureOf<decltype(&Signature::operator())> {};
template <class R, class... A>
struct SignatureOf<R (*)(A...)> {
  using Type = typename PassedByValue<R(A...)>::Type;
};
template <class R, class C, class... A>
struct SignatureOf<R (C::*)(A...)> : SignatureOf<R (*)(A...)> {};
template <class R, class C, class... A>
struct SignatureOf<R (C::*)(A...) const> : SignatureOf<R (*)(A...)> {};
template <class R, class... A>
struct SignatureOf<R (*)(A...) noexcept> : SignatureOf<R (*)(A...)> {};
template <class R, class C, class... A>
struct SignatureOf<R (C::*)(A...) noexcept> : SignatureOf<R (*)(A...)> {};
template <class R, class C, class... A>
struct SignatureOf<R (C::*)(A...) const noexcept> : SignatureOf<R (*)(A...)> {};
template <class R, class... A>
struct SignatureOf<R(A...)> : SignatureOf<R (*)(A...)> {};

template <class Signature, class F>
struct Published {
  using Type = typename PassedByValue<Signature>::Type;
};
template <class F>
struct Published<void, F> : SignatureOf<F> {};

template <class F, class Signature>
struct LiveEntry;
template <class F, class R, class... A>
struct LiveEntry<F, R(A...)> {
  static_assert(std::is_same_v<ResultOf<F, A...>, R> || std::is_same_v<ResultOf<F, A...>, NoResult>,
                "the function returns another type than its signature says");
  static const EntryRecord* record() { return recordOf<LiveShape<F, A...>>(); }
  static constexpr bool travels = shippable<F, AsPassed<A>..., AsPassed<R>>;
};

} // namespace detail

/// Calls what a name is bound to, on the peer with the least to do, or here. Each call is of one
/// revision, and never of an earlier one than a call before it from this process. A name that is
/// bound to nothing is UnknownName, one that is bound to a function of other types
/// SignatureMismatch; the rest is as for Cluster::async. Must not outlive the cluster object.
/// Callable from any thread.
template <class R, class... A>
class Live<R(A...)> {
 public:
  explicit Live(detail::LiveName name) : name_(static_cast<detail::LiveName&&>(name)) {}

  /// Blocks. What is linked into this program (roam_linked(TARGET) in CMake) runs here, on the
  /// calling thread, if the name is bound to it.
  R operator()(const A&... arguments) const {
    const detail::LinkedSections here = detail::linkedHere();
    return start(Options(), &here, arguments...).get();
  }

  /// Always on a peer.
  Future<R> async(const A&... arguments) const { return start(Options(), nullptr, arguments...); }
  /// The same with options, to be moved or made on the spot: `f.async({.idempotent = true}, x)`. Of
  /// those, `chunk` and `progress` mean nothing for a single call.
  Future<R> async(Options options, const A&... arguments) const {
    return start(static_cast<Options&&>(options), nullptr, arguments...);
  }

  std::string name() const { return name_.name(); }

 private:
  friend class Cluster;
  Future<R> start(Options options, const detail::LinkedSections* linked,
                  const A&... arguments) const {
    detail::Call call;
    if constexpr (shippable<AsPassed<A>..., AsPassed<R>>) {
      Buffer encoded;
      (saveWhole<A>(encoded, arguments), ...);
      detail::CallSpec spec = specWith(options);
      spec.linked = linked;
      spec.arguments = encoded.data;
      spec.argumentsSize = encoded.size;
      call = name_.start(spec);
      call.keep(static_cast<OutputFunction&&>(options.output));
    }
    return Future<R>(static_cast<detail::Call&&>(call));
  }

  detail::CallSpec specWith(const Options& options) const {
    detail::CallSpec spec;
    spec.name = &name_;
    spec.chunk = options.chunk;
    spec.deadlineSeconds = options.deadline.seconds;
    spec.idempotent = options.idempotent;
    spec.retries = options.retries;
    spec.output = options.output ? &options.output : nullptr;
    return spec;
  }

  detail::LiveName name_;
};

/// What one name is bound to.
struct Bound {
  std::string name;
  std::uint64_t revision = 0; ///< of the name: 1, 2, 3...
  std::string digest;         ///< of the code, in hexadecimal
  std::string signature;      ///< "double (double)"
  std::string by;             ///< name of the process that bound it
  std::int64_t time = 0;      ///< when, by that machine's clock, in seconds since 1970
};

/// What all names were bound to at one moment. What one push bound together is there together, and
/// calls through it keep it, whatever is bound later. Must not outlive the cluster object. Callable
/// from any thread.
class ROAM_API Names {
 public:
  Names(const Names& other);
  Names& operator=(const Names& other);
  ~Names();

  /// Ascending by name.
  std::vector<Bound> list() const;
  /// Calls the revision of that moment.
  template <class Signature>
  Live<Signature> live(std::string_view name) const {
    return Live<Signature>(pin(name, detail::nameOfSignature<Signature>()));
  }

 private:
  friend class Cluster;
  struct State;
  explicit Names(State* state) : state_(state) {}
  detail::LiveName pin(std::string_view name, std::string_view signature) const;

  State* state_;
};

/// The events of Cluster::watchPeers, in order. Moves, does not copy; used by one thread. At most
/// 65,536 wait to be taken: then the oldest are dropped.
class ROAM_API PeerWatch {
 public:
  PeerWatch(PeerWatch&& other) noexcept;
  ~PeerWatch();

  /// Waits at most that long. Nothing: none came.
  std::optional<PeerEvent> next(Duration duration);

 private:
  friend class Cluster;
  struct State;
  explicit PeerWatch(State* state) : state_(state) {}
  State* state_;
};

/// Each captures object lives until all names are bound.
template <class Signature, class F, class... More>
std::vector<std::uint64_t> Cluster::bindAfter(std::vector<detail::BindSpec>& specs,
                                              std::string_view name, const F& f,
                                              const More&... more) {
  using Function = detail::Sent<F>;
  using Type = typename detail::Published<Signature, Function>::Type;
  using Entry = detail::LiveEntry<Function, Type>;
  if constexpr (Entry::travels) {
    detail::Captures captures;
    saveClosure<Function>(captures, f);
    specs.push_back({name, detail::nameOfSignature<Type>(),
                     detail::specOf(Entry::record(), captures, Options())});
    if constexpr (sizeof...(More) > 0)
      return bindAfter<void>(specs, more...);
    else
      return bind(specs);
  } else {
    return {0}; // the plugin has said why
  }
}

template <class Signature, class F>
auto Cluster::publish(std::string_view name, const F& f) {
  std::vector<detail::BindSpec> specs;
  return bindAfter<Signature>(specs, name, f).front();
}

template <class F, class G, class... More>
auto Cluster::publish(std::string_view name, const F& f, std::string_view name2, const G& g,
                      const More&... more) {
  std::vector<detail::BindSpec> specs;
  bindAfter<void>(specs, name, f, name2, g, more...);
}

template <class Signature>
Live<Signature> Cluster::live(std::string_view name) const {
  return Live<Signature>(detail::LiveName(state(), name, detail::nameOfSignature<Signature>()));
}

template <Iterable Range, class R, class A>
auto Cluster::map(const Range& range, const Live<R(A)>& f, const Options& options) {
  if constexpr (!std::is_same_v<detail::Element<Range>, A>) {
    std::vector<A> arguments;
    for (auto&& element : range)
      arguments.push_back(static_cast<A>(element));
    return map(arguments, f, options);
  } else {
    std::vector<R> results;
    if constexpr (shippable<AsPassed<A>, AsPassed<R>>) {
      typename detail::ElementsOf<Range>::Type elements(range);
      detail::OrderedResults<R> ordered(elements.size());
      detail::CallSpec spec = f.specWith(options);
      spec.isOverRange = true;
      spec.count = elements.size();
      spec.encode = &decltype(elements)::encode;
      spec.source = &elements;
      collect(spec, options.progress, &detail::OrderedResults<R>::take, &ordered);
      results = ordered.join();
    }
    return results;
  }
}

/// Cluster::live of the cluster that this process is connected to: Error if there are several.
template <class Signature>
Live<Signature> live(std::string_view name) {
  return Live<Signature>(detail::nameInTheOnlyCluster(name, detail::nameOfSignature<Signature>()));
}

} // namespace roam
