// The bodies of Cluster's templates: from ranges and closures to the bytes of call.h, and back.
#pragma once
#include "roam/cluster.h"

namespace roam {
namespace detail {

template <class Range>
using Element = std::remove_cvref_t<decltype(*std::begin(std::declval<const Range&>()))>;

template <class F, class... Args>
using ResultOf = std::remove_cvref_t<std::invoke_result_t<F&, Args...>>;

template <class Iterator>
concept RandomAccess = requires(const Iterator& i, std::ptrdiff_t n) {
  *(i + n);
  { i - i } -> std::convertible_to<std::ptrdiff_t>;
};

/// A range whose elements can be encoded from any place. Random-access ranges are used where they are; of others the addresses of
/// the elements are collected, or copies where the range makes its elements on the way.
template <class Range>
class Elements {
  using Iterator = decltype(std::begin(std::declval<const Range&>()));
  using Reference = decltype(*std::declval<Iterator&>());
  static constexpr bool direct = RandomAccess<Iterator>;
  static constexpr bool lasting = std::is_lvalue_reference_v<Reference>;

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
          begin_.push_back(element);
      size_ = begin_.size();
    }
  }
  std::uint64_t size() const { return size_; }

  static void encode(const void* source, std::uint64_t first, std::uint64_t count, Output& out) {
    const auto& begin = static_cast<const Elements*>(source)->begin_;
    using T = Element<Range>;
    if constexpr (std::is_pointer_v<Iterator> && BytesArePortable<T>)
      out.write(begin + first, count * sizeof(T));
    else
      for (std::uint64_t i = first; i < first + count; ++i)
        if constexpr (direct)
          Archive<T>::save(out, *(begin + static_cast<std::ptrdiff_t>(i)));
        else if constexpr (lasting)
          Archive<T>::save(out, *begin[i]);
        else
          Archive<T>::save(out, begin[i]);
  }

private:
  using Stored = std::conditional_t<lasting, std::remove_reference_t<Reference>*, Element<Range>>;
  std::conditional_t<direct, Iterator, std::vector<Stored>> begin_;
  std::uint64_t size_ = 0;
};

/// Fills a CallSpec for a shape; `captures` keeps the encoded closure.
template <class Shape>
CallSpec specFor(const Buffer& captures, const Options& options) {
  CallSpec spec;
  spec.entry = recordOf<Shape>();
  spec.captures = captures.data();
  spec.capturesSize = captures.size();
  spec.chunk = options.chunk;
  spec.deadlineSeconds = options.deadline.seconds;
  spec.retries = options.retries;
  return spec;
}

template <class R>
void decodeInto(std::vector<R>& results, const CompletedChunk& chunk) {
  Reader reader{chunk.results, chunk.size};
  if constexpr (BytesArePortable<R> && !std::is_same_v<R, bool>) {
    if (chunk.size == chunk.count * sizeof(R)) {
      __builtin_memcpy(static_cast<void*>(results.data() + chunk.first), chunk.results, chunk.size);
      return;
    }
    reader.ok = false;
  } else {
    for (std::uint64_t i = 0; i < chunk.count && reader.ok; ++i)
      results[chunk.first + i] = Archive<R>::load(reader);
  }
  if (!reader.ok || reader.remaining != 0)
    throwDamagedResults(chunk.first);
}

/// Results that have no default constructor: kept a chunk at a time, joined in order at the end.
template <class R>
std::vector<R> decodeInOrder(Call& call, const Options& options, std::uint64_t total) {
  std::vector<std::vector<R>> chunks;
  std::vector<std::pair<std::uint64_t, std::size_t>> order;
  CompletedChunk chunk;
  std::uint64_t done = 0;
  while (call.next(chunk)) {
    Reader reader{chunk.results, chunk.size};
    std::vector<R> part;
    part.reserve(chunk.count);
    for (std::uint64_t i = 0; i < chunk.count && reader.ok; ++i)
      part.push_back(Archive<R>::load(reader));
    if (!reader.ok || reader.remaining != 0)
      throwDamagedResults(chunk.first);
    if (order.size() <= chunks.size())
      order.emplace_back(chunk.first, chunks.size());
    chunks.push_back(std::move(part));
    done += chunk.count;
    if (options.progress)
      options.progress({done, total});
  }
  sortByFirst(order);
  std::vector<R> results;
  results.reserve(total);
  for (auto& [first, place] : order)
    for (auto& result : chunks[place])
      results.push_back(std::move(result));
  return results;
}

} // namespace detail
} // namespace roam
