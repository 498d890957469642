// The bodies of Cluster's templates: from ranges and closures to the bytes of call.h, and back.
#pragma once
#include "roam/cluster.h"

namespace roam {
namespace detail {

/// What is sent of a function object: itself; of a named function its address.
template <class F>
using Sent = std::decay_t<F>;

template <class Range>
using Element = std::remove_cvref_t<decltype(*std::begin(std::declval<const Range&>()))>;

/// A range that lies in memory, one element after another: vector, string, array, span.
template <class Range>
concept InMemory = requires(const Range& range) {
  { range.data() } -> std::same_as<const Element<Range>*>;
  range.size();
};

/// A range whose elements can be encoded from any place. Random-access ranges are used where they
/// are; of others the addresses of the elements are collected, or copies where the range makes its
/// elements on the way.
template <class Range>
class Elements {
  using Iterator = decltype(std::begin(std::declval<const Range&>()));
  using Reference = decltype(*std::declval<Iterator&>());
  using T = Element<Range>;
  static constexpr bool direct = std::random_access_iterator<Iterator>;
  static constexpr bool lasting = std::is_lvalue_reference_v<Reference>;
  using Stored = std::conditional_t<lasting, const T*, T>;

 public:
  explicit Elements(const Range& range) {
    if constexpr (direct) {
      begin_ = std::begin(range);
      size_ = static_cast<std::uint64_t>(std::end(range) - begin_);
    } else {
      for (auto&& element : range)
        if constexpr (lasting)
          begin_.push_back(std::addressof(element));
        else
          begin_.push_back(static_cast<T&&>(element));
      size_ = begin_.size();
    }
  }
  std::uint64_t size() const { return size_; }

  /// As CallSpec::encode.
  static void encode(const void* source, std::uint64_t first, std::uint64_t count, Output& out) {
    auto& begin = static_cast<const Elements*>(source)->begin_;
    for (auto i = static_cast<std::ptrdiff_t>(first), end = i + static_cast<std::ptrdiff_t>(count);
         i < end; ++i)
      if constexpr (direct)
        saveWhole<T>(out, *(begin + i));
      else if constexpr (lasting)
        saveWhole<T>(out, *begin[i]);
      else
        saveWhole<T>(out, begin[i]);
  }

 private:
  std::conditional_t<direct, Iterator, std::vector<Stored>> begin_;
  std::uint64_t size_ = 0;
};

/// The same for elements in memory, which depends on their type alone: one instance for all ranges
/// of it.
template <class T>
class ElementsInMemory {
 public:
  template <class Range>
  explicit ElementsInMemory(const Range& range) : begin_(range.data()), size_(range.size()) {}
  std::uint64_t size() const { return size_; }

  static void encode(const void* source, std::uint64_t first, std::uint64_t count, Output& out) {
    const T* from = static_cast<const ElementsInMemory*>(source)->begin_ + first;
    if constexpr (raw<T> != Raw::no)
      out.write(from, count * sizeof(T));
    else
      for (const T* end = from + count; from != end; ++from)
        saveWhole<T>(out, *from);
  }

 private:
  const T* begin_;
  std::uint64_t size_;
};

template <class Range>
struct ElementsOf {
  using Type = Elements<Range>;
};
template <InMemory Range>
struct ElementsOf<Range> {
  using Type = ElementsInMemory<Element<Range>>;
};

/// The captures of a call, and the functions they point to.
class Captures : public Buffer {
 public:
  Captures()
      : list_({reinterpret_cast<const HeldItem*>(__start_roam_held),
               reinterpret_cast<const HeldItem*>(__stop_roam_held), &refuseHeld}) {
    functions = &list_;
  }
  Captures(const Captures&) = delete;
  const FunctionList& list() const { return list_; }

 private:
  FunctionList list_;
};

/// The spec of a call of this entry. `captures` holds the encoded closure and outlives the spec.
inline CallSpec specOf(const EntryRecord* entry, const Captures& captures, const Options& options) {
  CallSpec spec;
  spec.entry = entry;
  spec.functions = __start_roam_functions;
  spec.functionsEnd = __stop_roam_functions;
  spec.addresses = __start_roam_addresses;
  spec.addressesEnd = __stop_roam_addresses;
  spec.targets = captures.list().begin();
  spec.targetCount = captures.list().size();
  spec.captures = captures.data;
  spec.capturesSize = captures.size;
  spec.chunk = options.chunk;
  spec.deadlineSeconds = options.deadline.seconds;
  spec.idempotent = options.idempotent;
  spec.retries = options.retries;
  spec.output = options.output ? &options.output : nullptr;
  return spec;
}

/// As specOf, for a call over a range.
template <class Shape, class Elements>
CallSpec specOver(const Elements& elements, const Captures& captures, const Options& options) {
  CallSpec spec = specOf(recordOf<Shape>(), captures, options);
  spec.isOverRange = true;
  spec.count = elements.size();
  spec.encode = &Elements::encode;
  spec.source = &elements;
  return spec;
}

/// The results of one chunk, appended. Throws if the bytes are not exactly `count` results.
template <class R>
void decodeResults(const CompletedChunk& chunk, std::uint64_t count, std::vector<R>& results) {
  Reader in{chunk.results, chunk.size};
  for (std::uint64_t i = 0; i < count && in.ok; ++i)
    results.push_back(loadWhole<R>(in));
  if (!in.finished())
    throwDamagedResults(chunk.first);
}

/// The results of a call, put in the order of their elements however the chunks complete.
template <class R>
class ResultsInPlace {
 public:
  explicit ResultsInPlace(std::uint64_t total) : results_(total) {}
  static void take(void* into, const CompletedChunk& chunk) {
    auto& results = static_cast<ResultsInPlace*>(into)->results_;
    Reader in{chunk.results, chunk.size};
    if constexpr (raw<R> == Raw::both)
      in.copy(results.data() + chunk.first, chunk.count * sizeof(R));
    else
      for (std::uint64_t i = chunk.first; i < chunk.first + chunk.count && in.ok; ++i)
        results[i] = loadWhole<R>(in);
    if (!in.finished())
      throwDamagedResults(chunk.first);
  }
  std::vector<R> join() { return static_cast<std::vector<R>&&>(results_); }

 private:
  std::vector<R> results_;
};

/// The same for results that can't be made beforehand and assigned to: kept a chunk at a time.
template <class R>
class ResultsByChunk {
 public:
  explicit ResultsByChunk(std::uint64_t total) : total_(total) {}
  static void take(void* into, const CompletedChunk& chunk) {
    auto& parts = static_cast<ResultsByChunk*>(into)->parts_;
    std::size_t at = parts.size();
    while (at > 0 && parts[at - 1].first > chunk.first)
      --at;
    parts.insert(parts.begin() + static_cast<std::ptrdiff_t>(at), Part{chunk.first, {}});
    parts[at].results.reserve(chunk.count);
    decodeResults(chunk, chunk.count, parts[at].results);
  }
  std::vector<R> join() {
    std::vector<R> results;
    results.reserve(total_);
    for (Part& part : parts_)
      for (auto&& result : part.results)
        results.push_back(static_cast<R&&>(result));
    return results;
  }

 private:
  struct Part {
    std::uint64_t first;
    std::vector<R> results;
  };
  std::uint64_t total_;
  std::vector<Part> parts_; // ascending
};

template <class R>
using OrderedResults =
    std::conditional_t<std::is_default_constructible_v<R> && std::is_move_assignable_v<R>,
                       ResultsInPlace<R>, ResultsByChunk<R>>;

/// The one result of each chunk of a reduction, in the order of the chunks.
template <class R>
class OrderedPartials {
 public:
  static void take(void* into, const CompletedChunk& chunk) {
    auto& partials = static_cast<OrderedPartials*>(into)->partials_;
    std::size_t at = partials.size();
    while (at > 0 && partials[at - 1].first > chunk.first)
      --at;
    partials.insert(partials.begin() + static_cast<std::ptrdiff_t>(at), Partial{chunk.first, {}});
    decodeResults(chunk, 1, partials[at].result);
  }
  template <class Fold>
  void fold(const Fold& fold) {
    for (auto& partial : partials_)
      for (auto&& result : partial.result)
        fold(static_cast<R&&>(result));
  }

 private:
  struct Partial {
    std::uint64_t first;
    std::vector<R> result; // one: R may be bool or have no default constructor
  };
  std::vector<Partial> partials_; // ascending
};

} // namespace detail

/// What `mapUnordered` gives: an input range of Indexed<R>, to be iterated over once and on one
/// thread. Neither moves nor copies. Dropping it early cancels what has not begun.
template <class R, class Range>
class Unordered {
 public:
  class Iterator {
   public:
    explicit Iterator(Unordered* of) : of_(of) { advance(); }
    Indexed<R>& operator*() const { return of_->current_[of_->place_]; }
    Indexed<R>* operator->() const { return &**this; }
    Iterator& operator++() {
      ++of_->place_;
      advance();
      return *this;
    }
    bool operator!=(std::nullptr_t) const { return of_ != nullptr; }

   private:
    void advance() {
      if (of_->place_ == of_->current_.size() && !of_->refill())
        of_ = nullptr;
    }
    Unordered* of_;
  };

  /// Waits for the first results. Throws as Cluster::map does, as do the steps of the iterator.
  Iterator begin() { return Iterator(this); }
  std::nullptr_t end() { return nullptr; }

  Unordered(const Unordered&) = delete;

 private:
  friend class Cluster;
  template <class Start>
  Unordered(Range&& range, Options&& options, const Start& start)
      : range_(static_cast<Range&&>(range)), elements_(range_), options_(std::move(options)),
        call_(start(elements_, options_)) {}

  bool refill() {
    detail::CompletedChunk chunk;
    if (!call_.next(chunk))
      return false;
    std::vector<R> results;
    detail::decodeResults(chunk, chunk.count, results);
    current_.clear();
    place_ = 0;
    for (auto&& result : results)
      current_.push_back({chunk.first + current_.size(), static_cast<R&&>(result)});
    done_ += chunk.count;
    if (options_.progress)
      options_.progress({done_, elements_.size()});
    return true;
  }

  Range range_; // a reference for an lvalue
  typename detail::ElementsOf<std::remove_cvref_t<Range>>::Type elements_;
  Options options_;
  std::vector<Indexed<R>> current_;
  std::size_t place_ = 0;
  std::uint64_t done_ = 0;
  detail::Call call_; // last: dropped before what it encodes from, and what it calls
};

template <Iterable Range, class F>
auto Cluster::map(const Range& range, const F& f, const Options& options) {
  using T = detail::Element<Range>;
  using Function = detail::Sent<F>;
  using R = ValueOf<Function, T>;
  using Shape = MapShape<Function, T>;
  std::vector<R> results;
  if constexpr (shippable<Function, AsPassed<T>, AsPassed<R>>) {
    detail::Captures captures;
    saveClosure<Function>(captures, f);
    typename detail::ElementsOf<Range>::Type elements(range);
    detail::OrderedResults<R> ordered(elements.size());
    collect(detail::specOver<Shape>(elements, captures, options), options.progress,
            &detail::OrderedResults<R>::take, &ordered);
    results = ordered.join();
  }
  return results;
}

template <Iterable Range, class F>
auto Cluster::mapUnordered(Range&& range, const F& f, Options options) {
  using T = detail::Element<std::remove_cvref_t<Range>>;
  using Function = detail::Sent<F>;
  using R = ValueOf<Function, T>;
  auto begin = [&](const auto& elements, const Options& kept) {
    detail::Call call;
    if constexpr (shippable<Function, AsPassed<T>, AsPassed<R>>) {
      detail::Captures captures;
      saveClosure<Function>(captures, f);
      call = start(detail::specOver<MapShape<Function, T>>(elements, captures, kept));
    }
    return call;
  };
  return Unordered<R, Range>(static_cast<Range&&>(range), std::move(options), begin);
}

template <Iterable Range, class F, class Op, class R>
R Cluster::mapReduce(const Range& range, const F& f, const Op& op, R init, const Options& options) {
  using T = detail::Element<Range>;
  using Function = detail::Sent<F>;
  using Operation = detail::Sent<Op>;
  using Partial = ValueOf<Function, T>;
  if constexpr (shippable<Function, Operation, AsPassed<T>, AsPassed<Partial>>)
    if constexpr (reduces<Operation, Partial, Partial, Partial>() &&
                  reduces<Operation, R, R, Partial>()) {
      detail::Captures captures;
      saveClosure<Function, Operation>(captures, f, op);
      typename detail::ElementsOf<Range>::Type elements(range);
      detail::CallSpec spec =
          detail::specOver<ReduceShape<Function, Operation, T>>(elements, captures, options);
      spec.fixedChunks = true;
      detail::OrderedPartials<Partial> partials;
      collect(spec, options.progress, &detail::OrderedPartials<Partial>::take, &partials);
      partials.fold([&](Partial&& partial) {
        init = op(static_cast<R&&>(init), static_cast<Partial&&>(partial));
      });
    }
  return init;
}

template <class F, class... Args>
auto Cluster::startOne(int peer, const Options& options, const F& f, const Args&... args) {
  using Function = detail::Sent<F>;
  using R = ResultOf<Function, Args...>;
  detail::Call call;
  if constexpr (shippable<Function, AsPassed<Args>..., AsPassed<R>>) {
    detail::Captures captures;
    Buffer arguments;
    saveClosure<Function>(captures, f);
    (saveWhole<Args>(arguments, args), ...);
    detail::CallSpec spec =
        detail::specOf(recordOf<CallShape<Function, Args...>>(), captures, options);
    spec.arguments = arguments.data;
    spec.argumentsSize = arguments.size;
    spec.peer = peer;
    call = start(spec);
  }
  return Future<R>(std::move(call));
}

template <class F, class... Args>
auto Cluster::async(const F& f, const Args&... args) {
  return startOne(-1, Options(), f, args...);
}

template <class F, class... Args>
auto Cluster::async(Options options, const F& f, const Args&... args) {
  auto future = startOne(-1, options, f, args...);
  future.call_.keep(std::move(options.output));
  return future;
}

template <class F, class... Args>
auto Cluster::on(const Member& peer, const F& f, const Args&... args) {
  return on(peer, Options(), f, args...);
}

template <class F, class... Args>
auto Cluster::on(const Member& peer, const Options& options, const F& f, const Args&... args) {
  return startOne(static_cast<int>(peer.index), options, f, args...).get();
}

template <class F, class... Args>
auto Cluster::onAll(const F& f, const Args&... args) {
  return onAll(Options(), f, args...);
}

template <class F, class... Args>
auto Cluster::onAll(const Options& options, const F& f, const Args&... args) {
  using R = ResultOf<detail::Sent<F>, Args...>;
  std::vector<PeerResult<R>> results;
  for (Member& peer : peers()) {
    int index = static_cast<int>(peer.index);
    results.push_back({static_cast<Member&&>(peer), startOne(index, options, f, args...)});
  }
  for (auto& each : results)
    each.result.wait();
  return results;
}

} // namespace roam
