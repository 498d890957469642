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
struct Encoding<T, Kind::valarray> {
  using E = typename T::value_type;
  static void save(Output& out, const T& x) {
    std::uint64_t n = x.size();
    out.write(&n, sizeof n);
    for (std::size_t i = 0; i < n; ++i)
      saveElement<E>(out, x[i]);
  }
  static T load(Reader& in) {
    T x(in.count(leastOfElement<E>()));
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i] = loadElement<E>(in);
    return x;
  }
};

// --- what has an order or a hash, which may hold state -----------------------------------------

template <class T>
concept Ordered = requires {
  typename T::key_compare;
};
template <class F>
void saveState(Output& out, const F& f) {
  if constexpr (!__is_empty(F))
    save<F>(out, f);
}
template <class F>
F loadState(Reader& in) {
  if constexpr (__is_empty(F))
    return F();
  else
    return roam::load<F>(in);
}
/// The order of a set or map, or its hash and equality.
template <class T>
void saveOrder(Output& out, const T& x) {
  if constexpr (Ordered<T>)
    saveState<typename T::key_compare>(out, x.key_comp());
  else {
    saveState<typename T::hasher>(out, x.hash_function());
    saveState<typename T::key_equal>(out, x.key_eq());
  }
}
/// An empty set or map with the order that was saved.
template <class T>
T loadOrder(Reader& in) {
  if constexpr (Ordered<T>) {
    if constexpr (__is_empty(typename T::key_compare))
      return T();
    else
      return T(loadState<typename T::key_compare>(in));
  } else if constexpr (__is_empty(typename T::hasher) && __is_empty(typename T::key_equal))
    return T();
  else {
    auto hash = loadState<typename T::hasher>(in);
    return T(0, hash, loadState<typename T::key_equal>(in));
  }
}

template <class T>
struct Encoding<T, Kind::set> {
  using E = typename T::value_type;
  static void save(Output& out, const T& x) {
    saveOrder(out, x);
    saveContainer(out, x, x.size());
  }
  static T load(Reader& in) {
    T x = loadOrder<T>(in);
    for (std::size_t n = in.count(leastOfElement<E>()); n > 0 && in.ok; --n)
      x.emplace_hint(x.end(), loadElement<E>(in));
    return x;
  }
};

template <class T>
struct Encoding<T, Kind::map> {
  using K = typename T::key_type;
  using E = typename T::value_type;
  static void save(Output& out, const T& x) {
    saveOrder(out, x);
    saveContainer(out, x, x.size());
  }
  static T load(Reader& in) {
    T x = loadOrder<T>(in);
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
  static constexpr bool hasOrder = requires { typename T::value_compare; };
  struct Open : T { // its members are protected, and named by the standard
    static Container& container(T& x) { return x.*&Open::c; }
    static auto& order(T& x) { return x.*&Open::comp; }
  };
  static void save(Output& out, const T& x) {
    T& open = const_cast<T&>(x);
    if constexpr (hasOrder)
      saveState<typename T::value_compare>(out, Open::order(open));
    roam::save<Container>(out, Open::container(open));
  }
  static T load(Reader& in) {
    T x = loadEmpty(in);
    Open::container(x) = roam::load<Container>(in);
    return x;
  }

 private:
  static T loadEmpty(Reader& in) {
    if constexpr (hasOrder)
      return T(loadState<typename T::value_compare>(in));
    else
      return T();
  }
};

} // namespace roam
