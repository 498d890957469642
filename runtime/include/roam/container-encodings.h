// How containers are encoded: a count, then the elements. Part of archive.h, which says the format.
#pragma once
#include "roam/archive.h"
#include <string>
#include <vector>

namespace roam {

template <class C>
void saveContainer(Output& out, const C& c, std::uint64_t count) {
  using E = typename C::value_type;
  out.write(&count, sizeof count);
  if constexpr (requires {
                  requires Contiguous<C> && raw<E>
                  != Raw::no;
                })
    out.write(c.data(), count * sizeof(E));
  else
    for (const E& e : c) // a copy, where the container has no E to refer to
      saveElement<E>(out, e);
}

/// Looks like the position in an array whose elements are decoded as they are read, once and in
/// order. So a container's own constructor allocates once and builds each element in its place.
template <class E>
struct DecodingIterator {
  using iterator_category = std::random_access_iterator_tag;
  using value_type = E;
  using difference_type = std::ptrdiff_t;
  using pointer = const E*;
  using reference = E;
  Reader* in;
  std::ptrdiff_t left; ///< elements before the end

  E operator*() const { return loadElement<E>(*in); }
  DecodingIterator& operator++() {
    --left;
    return *this;
  }
  bool operator==(const DecodingIterator& o) const { return left == o.left; }
  std::ptrdiff_t operator-(const DecodingIterator& o) const { return o.left - left; }
};
/// The same for elements whose bytes were checked to be there: the optimiser makes one memcpy of
/// it.
template <class E>
struct RawIterator {
  using iterator_category = std::random_access_iterator_tag;
  using value_type = E;
  using difference_type = std::ptrdiff_t;
  using pointer = const E*;
  using reference = E;
  const char* at;

  E operator*() const { return fromBytes<E>(at); }
  RawIterator& operator++() {
    at += sizeof(E);
    return *this;
  }
  bool operator==(const RawIterator& o) const { return at == o.at; }
  std::ptrdiff_t operator-(const RawIterator& o) const {
    return (at - o.at) / static_cast<std::ptrdiff_t>(sizeof(E));
  }
};

template <class T>
struct Encoding<T, Kind::sequence> {
  using E = typename T::value_type;
  static void save(Output& out, const T& x) { saveContainer(out, x, x.size()); }
  static T load(Reader& in) {
    std::size_t n = in.count(leastOfElement<E>());
    if constexpr (requires {
                    requires Contiguous<T> && raw<E>
                    == Raw::both;
                  }) {
      const char* from = in.take(n * sizeof(E));
      if constexpr (std::is_same_v<E, char>)
        return T(from, from + n);
      else
        return T(RawIterator<E>{from}, RawIterator<E>{from + n * sizeof(E)});
    } else if constexpr (requires(DecodingIterator<E> i) {
                           requires Contiguous<T>;
                           T(i, i);
                         })
      return T(DecodingIterator<E>{&in, static_cast<std::ptrdiff_t>(n)},
               DecodingIterator<E>{&in, 0});
    else {
      T x;
      for (; n > 0 && in.ok; --n)
        x.push_back(loadElement<E>(in));
      return x;
    }
  }
};

template <class T>
struct Encoding<T, Kind::forwardList> {
  using E = typename T::value_type;
  static void save(Output& out, const T& x) {
    std::uint64_t n = 0;
    for ([[maybe_unused]] const E& e : x)
      ++n;
    saveContainer(out, x, n);
  }
  static T load(Reader& in) {
    T x;
    auto last = x.before_begin();
    for (std::size_t n = in.count(leastOfElement<E>()); n > 0 && in.ok; --n)
      last = x.insert_after(last, loadElement<E>(in));
    return x;
  }
};

template <class T>
struct Encoding<T, Kind::set> {
  using E = typename T::value_type;
  static void save(Output& out, const T& x) { saveContainer(out, x, x.size()); }
  static T load(Reader& in) {
    T x;
    for (std::size_t n = in.count(leastOfElement<E>()); n > 0 && in.ok; --n)
      x.emplace_hint(x.end(), loadElement<E>(in));
    return x;
  }
};

template <class T>
struct Encoding<T, Kind::map> {
  using K = typename T::key_type;
  using E = typename T::value_type;
  static void save(Output& out, const T& x) { saveContainer(out, x, x.size()); }
  static T load(Reader& in) {
    T x;
    for (std::size_t n = in.count(leastOfElement<E>()); n > 0 && in.ok; --n) {
      [[maybe_unused]] std::size_t before = in.remaining;
      K key = roam::load<K>(in); // apart, since the key of a pair can't be moved out of it
      x.emplace_hint(x.end(), static_cast<K&&>(key), roam::load<typename T::mapped_type>(in));
      if constexpr (leastBytes<E>() == 0)
        if (in.remaining == before)
          in.take(1);
    }
    return x;
  }
};

template <class T>
struct Encoding<T, Kind::adaptor> {
  using Container = typename T::container_type;
  struct Open : T { // its container is a protected member, named by the standard
    static Container& of(T& x) { return x.*&Open::c; }
  };
  static void save(Output& out, const T& x) {
    roam::save<Container>(out, Open::of(const_cast<T&>(x)));
  }
  static T load(Reader& in) {
    T x;
    Open::of(x) = roam::load<Container>(in);
    return x;
  }
};

} // namespace roam
