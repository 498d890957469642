// How each kind of type is encoded: one specialisation of Encoding a kind. Part of archive.h, which
// says the format.
#pragma once
#include "roam/archive.h"

namespace roam {

template <class T>
struct Encoding<T, Kind::boolean> {
  static void save(Output& out, const T& x) { *out.room(1) = x; }
  static T load(Reader& in) {
    unsigned char byte;
    in.copy(&byte, 1);
    if (byte > 1)
      in.fail();
    return byte == 1;
  }
};

/// True. Trivially copyable is not enough: a private member may be an address, which the plugin
/// sees.
template <class T>
consteval bool lookedAt() {
  if constexpr (__is_class(T))
    (void)refusedByPlugin<T>;
  return true;
}
template <std::size_t... Offsets, unsigned char... Masks>
void clearGaps(char* at, Gaps<Gap<Offsets, Masks>...>) {
  ((at[Offsets] = static_cast<char>(at[Offsets] & Masks)), ...);
}
template <class T>
struct Encoding<T, Kind::plain> {
  static_assert(lookedAt<T>());
  static void save(Output& out, const T& x) {
    char* at = out.room(sizeof x);
    __builtin_memcpy(at, __builtin_addressof(x), sizeof x);
    if constexpr (HasGaps<T>)
      clearGaps(at, typename reflect<T>::gaps());
    else if constexpr (std::is_same_v<T, long double>)
      __builtin_memset(at + 10, 0, sizeof x - 10); // of 16 bytes, x87 uses 10
  }
  static T load(Reader& in) {
    struct {
      char bytes[sizeof(T)];
    } image;
    in.copy(&image, sizeof image);
    return __builtin_bit_cast(T, image);
  }
};

template <class T>
struct Encoding<T, Kind::empty> {
  static void save(Output&, const T&) {}
  static T load(Reader&) { return T(); }
};

template <unsigned char... Masks>
struct Codec<BitFields<Masks...>> {
  using T = BitFields<Masks...>;
  static void save(Output& out, const T& x) {
    char* at = out.room(sizeof x);
    std::size_t i = 0;
    ((at[i] = static_cast<char>(x.bytes[i] & Masks), ++i), ...);
  }
  static void build(Reader& in, void* at) { in.copy(at, sizeof(T)); }
};

// --- what is built in place: arrays, closures, aggregates -------------------------------------

template <class T>
void destroyAt(char* at, std::size_t count) {
  if constexpr (!__is_trivially_destructible(T))
    while (count > 0)
      reinterpret_cast<T*>(at)[--count].~T();
}

/// Takes back the elements built so far if a later one throws. `done` says that all are there.
template <class E>
struct BuiltElements {
  char* at;
  std::size_t built = 0;
  bool done = false;
  ~BuiltElements() requires __is_trivially_destructible(E) = default;
  ~BuiltElements() {
    if (!done)
      destroyAt<E>(at, built);
  }
};

template <class E>
void saveElements(Output& out, const E* from, std::size_t count) {
  if constexpr (raw<E> != Raw::no)
    out.write(from, count * sizeof(E));
  else
    for (std::size_t i = 0; i < count; ++i)
      save<E>(out, from[i]);
}
template <class E>
void buildElements(Reader& in, void* at, std::size_t count) {
  if constexpr (raw<E> == Raw::both)
    in.copy(at, count * sizeof(E));
  else {
    BuiltElements<E> elements{static_cast<char*>(at)};
    for (; elements.built < count; ++elements.built)
      build<E>(in, elements.at + elements.built * sizeof(E));
    elements.done = true;
  }
}

template <class T>
struct Encoding<T, Kind::array> {
  using E = std::remove_cv_t<std::remove_all_extents_t<T>>;
  static void save(Output& out, const T& x) {
    saveElements<E>(out, reinterpret_cast<const E*>(__builtin_addressof(x)), sizeof(T) / sizeof(E));
  }
  static void build(Reader& in, void* at) { buildElements<E>(in, at, sizeof(T) / sizeof(E)); }
};

template <class T>
struct Encoding<T, Kind::stdArray> {
  using E = typename T::value_type;
  static constexpr std::size_t size = std::tuple_size<T>::value;
  static void save(Output& out, const T& x) { saveElements<E>(out, x.data(), size); }
  static void build(Reader& in, void* at) { buildElements<E>(in, at, size); }
};

template <class T, class List>
struct FieldsOf;
template <class T, class... F>
struct FieldsOf<T, Fields<F...>> {
  template <class Field>
  using TypeOf = std::remove_cv_t<typename Field::Type>;

  char* at;
  unsigned built = 0;
  ~FieldsOf() requires __is_trivially_destructible(T) = default;
  ~FieldsOf() {
    if (unsigned i = 0; built < sizeof...(F))
      ((i++ < built ? destroyField<F>() : void()), ...);
  }
  template <class Field>
  void destroyField() {
    using E = std::remove_all_extents_t<TypeOf<Field>>;
    destroyAt<E>(at + Field::offset, sizeof(TypeOf<Field>) / sizeof(E));
  }
  void build(Reader& in) { ((roam::build<TypeOf<F>>(in, at + F::offset), ++built), ...); }
  static void save(Output& out, const char* from) {
    (roam::save<TypeOf<F>>(out, *reinterpret_cast<const TypeOf<F>*>(from + F::offset)), ...);
  }
  static_assert(
      !((F::flags & fieldReference) | ... | 0u),
      "roam: a type with a reference inside cannot travel: hold a copy of the value instead");
};

template <class T>
struct Encoding<T, Kind::fields> {
  using Members = FieldsOf<T, typename reflect<T>::type>;
  static void save(Output& out, const T& x) {
    const void* from = __builtin_addressof(x);
    if constexpr (refusedByPlugin<T>)
      return;
    else if constexpr (raw<T> != Raw::no)
      out.write(from, sizeof(T));
    else
      Members::save(out, static_cast<const char*>(from));
  }
  static void build(Reader& in, void* at) {
    if constexpr (refusedByPlugin<T>)
      return;
    else if constexpr (raw<T> == Raw::both)
      in.copy(at, sizeof(T));
    else {
      if (++in.depth > maxDepth)
        in.fail();
      Members fields{static_cast<char*>(at)};
      fields.build(in);
      --in.depth;
    }
  }
};

template <class T>
struct Encoding<T, Kind::tuple> {
  using Indices = std::make_index_sequence<std::tuple_size<T>::value>;
  static void save(Output& out, const T& x) { saveAll(out, x, Indices()); }
  static T load(Reader& in) { return loadAll(in, Indices()); }

 private:
  template <std::size_t I>
  using Element = std::remove_cv_t<typename std::tuple_element<I, T>::type>;
  template <std::size_t... I>
  static void saveAll(Output& out, const T& x, std::index_sequence<I...>) {
    (roam::save<Element<I>>(out, get<I>(x)), ...);
  }
  template <std::size_t... I>
  static T loadAll(Reader& in, std::index_sequence<I...>) {
    return T{roam::load<Element<I>>(in)...}; // braces: from left to right
  }
};

// --- one of several ---------------------------------------------------------------------------

template <class T>
struct Encoding<T, Kind::optional> {
  using V = typename T::value_type;
  static void save(Output& out, const T& x) {
    roam::save<bool>(out, x.has_value());
    if (x.has_value())
      roam::save<V>(out, *x);
  }
  static T load(Reader& in) {
    T x;
    if (roam::load<bool>(in))
      x.emplace(roam::load<V>(in));
    return x;
  }
};

template <class T>
struct Encoding<T, Kind::expected> {
  using V = typename T::value_type;
  using E = typename T::error_type;
  static void save(Output& out, const T& x) {
    roam::save<bool>(out, x.has_value());
    if (!x.has_value())
      roam::save<E>(out, x.error());
    else if constexpr (!std::is_void_v<V>)
      roam::save<V>(out, *x);
  }
  static T load(Reader& in) {
    if (!roam::load<bool>(in))
      return T(typename T::unexpected_type(roam::load<E>(in)));
    if constexpr (std::is_void_v<V>)
      return T();
    else
      return T(roam::load<V>(in));
  }
};

template <template <class...> class Variant, class... A>
struct Encoding<Variant<A...>, Kind::variant> {
  using T = Variant<A...>;
  using Index = std::uint16_t;
  static_assert(sizeof...(A) < 0xFFFF);
  static void save(Output& out, const T& x) {
    Index index = x.valueless_by_exception() ? Index(0xFFFF) : Index(x.index());
    out.write(&index, sizeof index);
    saveOneOf(out, x, index, std::index_sequence_for<A...>());
  }
  static T load(Reader& in) { return loadOneOf<0, A...>(in, roam::load<Index>(in)); }

 private:
  template <std::size_t... I>
  static void saveOneOf(Output& out, const T& x, Index index, std::index_sequence<I...>) {
    ((index == I ? roam::save<A>(out, get<I>(x)) : void()), ...);
  }
  template <std::size_t I, class First, class... Rest>
  static T loadOneOf(Reader& in, Index index) {
    if (index == I)
      return T(std::in_place_index<I>, roam::load<First>(in));
    if constexpr (sizeof...(Rest) > 0)
      return loadOneOf<I + 1, Rest...>(in, index);
    else {
      in.fail();
      return loadOneOf<0, A...>(in, 0);
    }
  }
};

template <class T>
struct Encoding<T, Kind::path> {
  using Text = typename T::string_type;
  static void save(Output& out, const T& x) { roam::save<Text>(out, x.native()); }
  static T load(Reader& in) { return T(roam::load<Text>(in)); }
};

// --- what cannot travel: one message each -----------------------------------------------------

template <class T>
struct Refusal {
  static void save(Output&, const T&);
  static T load(Reader&);
};

template <class T>
struct Encoding<T, Kind::pointer> : Refusal<T> {
  static_assert(
      refusedByPlugin<T>,
      "roam: a pointer or reference means nothing in another process: pass the value (or a "
      "container, or std::unique_ptr)");
};
template <class T>
struct Encoding<T, Kind::view> : Refusal<T> {
  static_assert(
      refusedByPlugin<T>,
      "roam: a view (string_view, span) does not own what it shows, which stays behind in this "
      "process: pass a std::string, a std::vector or another owning container");
};
template <class T>
struct Encoding<T, Kind::abstract> : Refusal<T> {
  static_assert(
      refusedByPlugin<T>,
      "roam: the object behind a pointer to an abstract class is of a derived class, which is not "
      "known here: pass the derived class by value, or a std::variant of the derived classes");
};
template <class T>
struct Encoding<T, Kind::other> : Refusal<T> {
  static_assert(refusedByPlugin<T>,
                "roam: a value of this type cannot travel: it has neither public "
                "members only, nor the shape of a "
                "known container. Give it a public `template <class Ar> void "
                "serialize(Ar& ar) { ar(member, ...); }` "
                "or specialise roam::Codec for it");
};

} // namespace roam
