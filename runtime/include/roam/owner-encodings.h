// How objects behind smart pointers, and objects with virtual functions, are encoded. Part of
// archive.h, which says the format; sharing.h has what keeps shared objects one.
#pragma once
#include "roam/archive.h"
#include <stdexcept>

extern "C" std::size_t malloc_usable_size(void* at) noexcept;

namespace roam {

template <class T>
struct Encoding<T, Kind::owner> {
  using V = std::remove_cv_t<typename T::element_type>;
  static void save(Output& out, const T& x) {
    roam::save<bool>(out, x != nullptr);
    if (x != nullptr) {
      saveOwned<V>(out, *x);
    }
  }
  static T load(Reader& in) {
    T x;
    if (roam::load<bool>(in) && !loadHeld<V>(in, [&](V* object) { x.reset(object); })) {
      if constexpr (std::is_abstract_v<V>)
        in.fail();
      else
        x.reset(new V(roam::load<V>(in)));
    }
    return x;
  }
};

/// C++ keeps the length of an array nowhere a program may look. It is what the C++ ABI notes before
/// arrays of classes with destructors; for others what the allocator gave, which may be up to 24
/// bytes more than was asked for: elements that nobody uses.
template <class T>
struct Encoding<T, Kind::arrayOwner> {
  using V = std::remove_cv_t<typename T::element_type>;
  static_assert(
      std::is_default_constructible_v<V> && !requires { V::operator delete[]; },
      "roam: the elements of an array behind a std::unique_ptr need a default constructor "
      "and the usual operator new: send a std::vector instead");
  static void save(Output& out, const T& x) {
    roam::save<bool>(out, x != nullptr);
    if (x == nullptr)
      return;
    std::uint64_t n = lengthOf(x.get());
    out.write(&n, sizeof n);
    for (std::size_t i = 0; i < n; ++i)
      saveElement<V>(out, x[i]);
  }
  static T load(Reader& in) {
    if (!roam::load<bool>(in))
      return T();
    std::size_t n = in.count(leastOfElement<V>());
    V* elements = new V[n];
    T x(elements);
    for (std::size_t i = 0; i < n && in.ok; ++i)
      elements[i] = loadElement<V>(in);
    return x;
  }

 private:
  /// AddressSanitizer guards the note from everybody else.
  __attribute__((no_sanitize("address"))) static std::size_t lengthOf(const V* at) {
    if constexpr (__is_trivially_destructible(V))
      return malloc_usable_size(const_cast<V*>(at)) / sizeof(V);
    else
      return reinterpret_cast<const std::size_t*>(at)[-1];
  }
};

// --- several owners ---------------------------------------------------------------------------

/// Storage for an object that is known to others before it is built: cycles lead back to it.
template <class V>
struct PlaceForObject {
  union {
    V value;
  };
  bool built = false;
  PlaceForObject() {}
  PlaceForObject(const PlaceForObject&) = delete;
  ~PlaceForObject() {
    if (built)
      value.~V();
  }
};

template <template <class...> class P, class E>
struct Encoding<P<E>, Kind::shared> {
  using T = P<E>;
  using V = std::remove_cv_t<E>;
  enum Form : unsigned char { null, object, number };

  static void save(Output& out, const T& x) {
    char* form = out.room(1);
    if (x == nullptr) {
      *form = null;
      return;
    }
    std::uint32_t seen =
        out.saved == nullptr ? SavedObjects::isNew : out.saved->find(x.get(), &typeTag<V>);
    if (seen == SavedObjects::isNew) {
      *form = object;
      saveOwned<V>(out, *x);
    } else {
      *form = number;
      out.write(&seen, sizeof seen);
    }
  }
  static T load(Reader& in) {
    switch (roam::load<unsigned char>(in)) {
    case null:
      return T();
    case object:
      return loadObject(in);
    case number:
      return loadNumber(in);
    }
    in.fail();
    return T();
  }

 private:
  static T loadObject(Reader& in) {
    P<V> x;
    auto own = [&](V* object) {
      x.reset(object);
      if (in.loaded != nullptr)
        in.loaded->add(x);
    };
    if (loadHeld<V>(in, own))
      return x;
    if constexpr (std::is_abstract_v<V>)
      in.fail();
    else if constexpr (requires(V & v) {
                         v.weak_from_this();
                         Codec<V>::loadInto(in, v);
                       }) {
      own(new V()); // so that it knows its owner
      Codec<V>::loadInto(in, *x);
    } else {
      P<PlaceForObject<V>> place(new PlaceForObject<V>);
      x = P<V>(place, __builtin_addressof(place->value));
      if (in.loaded != nullptr)
        in.loaded->add(x);
      build<V>(in, x.get());
      place->built = true;
    }
    return x;
  }
  static T loadNumber(Reader& in) {
    auto which = roam::load<std::uint32_t>(in);
    const P<V>* x = in.loaded == nullptr ? nullptr : in.loaded->template find<P<V>>(which);
    if (x != nullptr)
      return *x;
    in.fail();
    return T();
  }
};

/// As an owner. What it points to is alive afterwards only if the same value owns it elsewhere.
template <class T>
struct Encoding<T, Kind::weak> {
  using Strong = decltype(std::declval<const T&>().lock());
  static void save(Output& out, const T& x) { roam::save<Strong>(out, x.lock()); }
  static T load(Reader& in) { return T(roam::load<Strong>(in)); }
};

// --- virtual functions ------------------------------------------------------------------------

/// Only a constructor can set the pointer to the virtual functions, so the members are assigned to.
template <class T>
struct Encoding<T, Kind::object> {
  static void save(Output& out, const T& x) {
    FieldsOf<T, typename reflect<T>::type>::save(
        out, reinterpret_cast<const char*>(__builtin_addressof(x)));
  }
  static void build(Reader& in, void* at) {
    static_assert(
        std::is_default_constructible_v<T>,
        "roam: a class with virtual functions needs a public default constructor, to have "
        "an object whose members can be set");
    if constexpr (std::is_default_constructible_v<T>) {
      T* x = ::new (at) T();
      BuiltElements<T> built{static_cast<char*>(at), 1};
      loadInto(in, *x);
      built.done = true;
    }
  }
  static void loadInto(Reader& in, T& x) {
    if (++in.depth > maxDepth)
      in.fail();
    loadFields(in, reinterpret_cast<char*>(__builtin_addressof(x)), typename reflect<T>::type());
    --in.depth;
  }

 private:
  template <class... F>
  static void loadFields(Reader& in, char* at, Fields<F...>) {
    Loader ar(in);
    (ar(*reinterpret_cast<typename F::Type*>(at + F::offset)), ...);
  }
};

} // namespace roam
