// How types that encode themselves are encoded: `serialize` members as in cereal and Boost.
// Part of archive.h.
#pragma once
#include "roam/archive.h"

namespace roam {

/// What cereal and Boost wrap around a member or a base class to give it a name or a type: the
/// object inside.
template <class W>
auto& unwrapped(W& x) {
  if constexpr (requires {
                  requires std::is_reference_v<decltype(W::value)>;
                  x.name;
                })
    return x.value;
  else if constexpr (requires { x.base_ptr; })
    return *x.base_ptr;
  else if constexpr (requires {
                       requires std::is_same_v<decltype(x.value()), decltype(*x.second)>;
                       x.name();
                     })
    return x.value();
  else
    return x;
}

/// The `ar` of a `serialize` that saves: `ar(a, b)`, `ar & a & b`, `ar << a`.
class Saver {
  Output& out;

 public:
  using is_saving = std::true_type;
  using is_loading = std::false_type;

  explicit Saver(Output& out) : out(out) {}
  template <class... A>
  Saver& operator()(A&&... a) {
    (save(unwrapped(a)), ...);
    return *this;
  }
  template <class A>
  Saver& operator&(A&& a) {
    return (*this)(a);
  }
  template <class A>
  Saver& operator<<(A&& a) {
    return (*this)(a);
  }

 private:
  template <class A>
  void save(const A& a) {
    roam::save<A>(out, a);
  }
};

/// The `ar` of a `serialize` that loads: `ar(a, b)`, `ar & a & b`, `ar >> a`.
class Loader {
  Reader& in;

 public:
  using is_saving = std::false_type;
  using is_loading = std::true_type;

  explicit Loader(Reader& in) : in(in) {}
  template <class... A>
  Loader& operator()(A&&... a) {
    (loadInto(unwrapped(a)), ...);
    return *this;
  }
  template <class A>
  Loader& operator&(A&& a) {
    return (*this)(a);
  }
  template <class A>
  Loader& operator>>(A&& a) {
    return (*this)(a);
  }

 private:
  template <class A>
  void loadInto(A& x);
};

template <class T>
struct Encoding<T, Kind::members> {
  static_assert(std::is_default_constructible_v<T>,
                "roam: a type with `serialize` needs a public default constructor, to have an "
                "object to load into");
  static void save(Output& out, const T& x) {
    Saver ar(out);
    if constexpr (SerializesPlainly<T>)
      const_cast<T&>(x).serialize(
          ar); // one function for both directions: when saving it only reads
    else if constexpr (SerializesVersioned<T>)
      const_cast<T&>(x).serialize(ar, 0u);
    else
      x.save(ar);
  }
  static void loadInto(Reader& in, T& x) {
    if (++in.depth > maxDepth)
      in.fail();
    Loader ar(in);
    if constexpr (SerializesPlainly<T>)
      x.serialize(ar);
    else if constexpr (SerializesVersioned<T>)
      x.serialize(ar, 0u);
    else
      x.load(ar);
    --in.depth;
  }
  static T load(Reader& in) {
    T x{};
    loadInto(in, x);
    return x;
  }
};

template <class A>
void Loader::loadInto(A& x) {
  if constexpr (__is_array(A))
    for (auto& e : x)
      loadInto(e);
  else if constexpr (requires { Codec<A>::loadInto(in, x); })
    Codec<A>::loadInto(in, x);
  else
    x = roam::load<A>(in);
}

} // namespace roam
