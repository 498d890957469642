// The archive: how captures, arguments and results become bytes, and bytes become values again.
//
// It becomes part of every slice and of every program's compilation, so each line is paid for
// twice: no streams, no exceptions of its own, nothing included but what a vector and a string
// bring anyway. The encoding is part of the protocol. Everything is little endian, nothing is
// aligned, and there are no tags: both sides know the type.
//
//     bool                              one byte, 0 or 1; any other is refused
//     number, enumeration, trivially    the bytes of its memory, padding as zeros
//       copyable class without fields
//     neighbouring bit-fields           the bytes they lie in, other bits as zeros
//     closure, aggregate                bases, then members, in the order of memory, no padding
//     E[N], array, pair, tuple          the elements
//     vector, string, set, map, ...     count as u64, then the elements; of a map: key, value
//     stack, queue, priority_queue      the container inside
//     valarray, unique_ptr of E[]       as a vector; the latter behind a bool
//     set, map with an order or hash    that object (hash, then equality), then as above
//       that is not empty
//     optional, unique_ptr              a bool; if true, the value
//     expected                          a bool; the value if true, else the error
//     shared_ptr, weak_ptr              one byte: 0 null, 1 the object follows, 2 its number as u32
//                                       follows (sharing.h)
//     variant                           index as u16 (0xFFFF: valueless, refused when read); value
//     filesystem::path                  its native string
//     class with virtual functions, or  as an aggregate; it is made by its default constructor
//       std::enable_shared_from_this
//     class with serialize(ar)          what it hands to `ar`, one after another
//     function object without state     nothing
//     function pointer                  place in the list of functions that travels with the code,
//                                       counted from 1, as u32; 0 for null; in captures only
//     pointer to a member function      the same (0 if virtual), then the two words of the C++ ABI
//     std::function                     place of the code for what it holds, as of a function (0 if
//                                       empty); what it holds; in captures only (held-encodings.h)
//     object owned by a pointer to a    place of the code for its class, as of a function, in
//       class with virtual functions,   captures only; 0 if it is exactly of that class; the object
//       the destructor one of them
//
// An element of a container takes at least a byte: where its encoding is empty, a zero byte stands
// for it. So a count larger than the rest of the input is a lie, and is refused before any memory
// is allocated for it.
//
// For example the closure `[n = 7, s = std::string("hi")]` is
//
//     07 00 00 00   02 00 00 00 00 00 00 00   68 69
//
// Values are copied, not identities, but for one: several shared_ptr and weak_ptr to one object
// inside one closure, argument or result stay several to one. Unordered containers are filled anew,
// so the order within them is not kept; allocators do not travel: containers are rebuilt with
// default-constructed ones, those of std::pmr with the default resource.
#pragma once
#include "roam/kind.h"
#include "roam/sharing.h"
#include <cstdint>
#include <new>

namespace roam {

/// How deep user types may be nested by pointers and containers (a list, a tree) before the input
/// is refused: reading recurses, and a stack has an end.
inline constexpr unsigned maxDepth = 1000;

/// Encoded bytes being read. Not the owner of the bytes. Reading beyond their end gives zeros and
/// empty values, and clears `ok` for good: callers may read on and look at `ok` once, but must do
/// so before anything acts on the values.
struct Reader {
  const char* at;
  std::size_t remaining;
  bool ok = true;
  unsigned depth = 0;
  /// The shared objects read so far, while a value is read that may hold some; else null.
  LoadedObjects* loaded = nullptr;

  void fail() {
    ok = false;
    remaining = 0;
  }
  /// Everything was read, and all of it was well formed.
  bool finished() const { return ok && remaining == 0; }
  /// The next `bytes` bytes, or null if there are fewer.
  const char* take(std::size_t bytes) {
    if (bytes > remaining) {
      fail();
      return nullptr;
    }
    const char* from = at;
    at += bytes;
    remaining -= bytes;
    return from;
  }
  /// Copies the next `bytes` bytes to `to`: zeros if there are fewer.
  void copy(void* to, std::size_t bytes) {
    if (bytes > remaining) {
      fail();
      __builtin_memset(to, 0, bytes);
    } else
      __builtin_memcpy(to, take(bytes), bytes);
  }
  /// The count of elements that take at least `least` bytes each: 0 if there can't be so many.
  std::size_t count(std::size_t least) {
    std::uint64_t n;
    copy(&n, sizeof n);
    if (n <= remaining / least)
      return n;
    fail();
    return 0;
  }
};

/// The T whose bytes are at `from`, aligned or not.
template <class T>
T fromBytes(const char* from) {
  struct {
    char bytes[sizeof(T)];
  } image;
  __builtin_memcpy(&image, from, sizeof image);
  return __builtin_bit_cast(T, image);
}

/// Whether the plugin has refused T: asking makes it look into T, and print an error at the place
/// in the program that led here. The headers then stay quiet. Without the plugin, false.
#ifdef __ROAM_PLUGIN__
template <class T>
inline constexpr bool refusedByPlugin = !Shippable<T>::value;
/// Whether a T may hold several owners of one object. Without the plugin, true.
template <class T>
inline constexpr bool mayShare = Shippable<T>::shares;
#else
template <class T>
inline constexpr bool refusedByPlugin = false;
template <class T>
inline constexpr bool mayShare = true;
#endif

/// How one kind of type is encoded. Has `save`, and either `load`, which returns the value, or
/// `build`, which constructs it in the storage given, for types that can't be moved or have no
/// constructor to call.
template <class T, Kind = kindOf<T>()>
struct Encoding;

/// How T is encoded. Specialise it for a type that can't be given a `serialize` member:
///
///     template <> struct roam::Codec<Money> {
///       static void save(Output& out, const Money& m) { roam::save(out, m.cents()); }
///       static Money load(Reader& in) { return Money(roam::load<long>(in)); }
///     };
template <class T>
struct Codec : Encoding<T> {
  static constexpr Kind kind = kindOf<T>();
};

/// Appends the encoding of `x`.
template <class T>
void save(Output& out, const T& x) {
  Codec<T>::save(out, x);
}

/// Constructs the next T at `at`: storage of the right size and alignment. An exception leaves
/// nothing constructed.
template <class T>
void build(Reader& in, void* at) {
  if constexpr (requires { &Codec<T>::build; })
    Codec<T>::build(in, at);
  else
    ::new (at) T(Codec<T>::load(in));
}

/// A closure, an argument or a result: what shared objects are shared within.
template <class T>
void saveWhole(Output& out, const T& x) {
  if constexpr (mayShare<T>) {
    SavedObjects objects(out);
    save<T>(out, x);
  } else
    save<T>(out, x);
}
template <class T>
void buildWhole(Reader& in, void* at) {
  if constexpr (mayShare<T>) {
    LoadedObjects objects;
    in.loaded = &objects;
    build<T>(in, at);
    in.loaded = nullptr;
  } else
    build<T>(in, at);
}

/// A part of something larger, which is what shared objects are shared within.
struct AsPart {};

/// The next T, in place: it needs neither a default constructor nor a move. If the input is bad it
/// holds empty values, and must not be used for anything but its destruction.
///
/// The lifetime of a closure is begun here by constructing its captures in its storage, since it
/// has no constructor.
template <class T>
class Rebuilt {
  union {
    T value;
  };

 public:
  explicit Rebuilt(Reader& in) { buildWhole<T>(in, __builtin_addressof(value)); }
  Rebuilt(Reader& in, AsPart) { build<T>(in, __builtin_addressof(value)); }
  Rebuilt(const Rebuilt&) = delete;
  ~Rebuilt() requires __is_trivially_destructible(T) = default;
  ~Rebuilt() { value.~T(); }
  T& get() { return value; }
};

/// The next T.
template <class T>
T load(Reader& in) {
  if constexpr (requires { &Codec<T>::build; }) {
    Rebuilt<T> x(in, AsPart());
    return static_cast<T&&>(x.get());
  } else
    return Codec<T>::load(in);
}
template <class T>
T loadWhole(Reader& in) {
  if constexpr (mayShare<T>) {
    Rebuilt<T> x(in);
    return static_cast<T&&>(x.get());
  } else
    return load<T>(in);
}

// --- what is known of an encoding beforehand --------------------------------------------------

/// Whether a T in memory is its own encoding, without gaps.
enum class Raw {
  no,
  saved, ///< its bytes may be written as they are, not read: some values (of a bool) are not
         ///< allowed
  both,
};

template <class T>
consteval Raw rawOf();

template <class T, class... F>
consteval Raw rawFields(Fields<F...>) {
  if constexpr (((F::flags & fieldReference) | ... | 0u) ||
                (0 + ... + sizeof(typename F::Type)) != sizeof(T))
    return Raw::no;
  else {
    Raw least = Raw::both;
    ((least = rawOf<typename F::Type>() < least ? rawOf<typename F::Type>() : least), ...);
    return least;
  }
}

template <class U>
consteval Raw rawOf() {
  using T = std::remove_cv_t<U>;
  if constexpr (!__is_trivially_copyable(T) || !requires { Codec<T>::kind; })
    return Raw::no;
  else if constexpr (Codec<T>::kind == Kind::boolean)
    return Raw::saved;
  else if constexpr (Codec<T>::kind == Kind::plain)
    return HasGaps<T> || std::is_same_v<T, long double> ? Raw::no : Raw::both;
  else if constexpr (Codec<T>::kind == Kind::array)
    return rawOf<std::remove_extent_t<T>>();
  else if constexpr (Codec<T>::kind == Kind::stdArray)
    return sizeof(T) == std::tuple_size<T>::value * sizeof(typename T::value_type)
               ? rawOf<typename T::value_type>()
               : Raw::no;
  else if constexpr (Codec<T>::kind == Kind::fields)
    return rawFields<T>(typename reflect<T>::type{});
  else
    return Raw::no;
}
template <class T>
inline constexpr Raw raw = rawOf<T>();

template <class T>
consteval std::size_t leastBytes();

template <class... F>
consteval std::size_t leastOfFields(Fields<F...>) {
  return (0 + ... + leastBytes<typename F::Type>());
}
template <class T, std::size_t... I>
consteval std::size_t leastOfTuple(std::index_sequence<I...>) {
  return (0 + ... + leastBytes<typename std::tuple_element<I, T>::type>());
}

/// The bytes that the shortest encoding of a T takes.
template <class U>
consteval std::size_t leastBytes() {
  using T = std::remove_cv_t<U>;
  if constexpr (!requires { Codec<T>::kind; })
    return 0;
  else {
    constexpr Kind kind = Codec<T>::kind;
    if constexpr (kind == Kind::boolean || kind == Kind::plain)
      return sizeof(T);
    else if constexpr (kind == Kind::fields)
      return leastOfFields(typename reflect<T>::type{});
    else if constexpr (kind == Kind::array)
      return std::extent_v<T> * leastBytes<std::remove_extent_t<T>>();
    else if constexpr (kind == Kind::stdArray)
      return std::tuple_size<T>::value * leastBytes<typename T::value_type>();
    else if constexpr (kind == Kind::tuple)
      return leastOfTuple<T>(std::make_index_sequence<std::tuple_size<T>::value>());
    else if constexpr (kind == Kind::empty || kind == Kind::members || kind == Kind::object)
      return 0;
    else if constexpr (kind == Kind::optional || kind == Kind::expected || kind == Kind::owner ||
                       kind == Kind::arrayOwner || kind == Kind::shared || kind == Kind::weak)
      return 1;
    else if constexpr (kind == Kind::function || kind == Kind::memberFunction ||
                       kind == Kind::stdFunction)
      return 4;
    else
      return kind == Kind::variant ? 2 : 8;
  }
}

/// An element of a container takes at least a byte.
template <class E>
consteval std::size_t leastOfElement() {
  return leastBytes<E>() > 0 ? leastBytes<E>() : 1;
}
template <class E, class S>
void saveElement(Output& out, const S& x) {
  if constexpr (leastBytes<E>() == 0) {
    std::size_t before = out.size;
    save<E>(out, x);
    if (out.size == before)
      *out.room(1) = 0;
  } else
    save<E>(out, x);
}
template <class E>
E loadElement(Reader& in) {
  if constexpr (leastBytes<E>() == 0) {
    std::size_t before = in.remaining;
    E x = load<E>(in);
    if (in.remaining == before)
      in.take(1);
    return x;
  } else
    return load<E>(in);
}

} // namespace roam

#include "roam/container-encodings.h"
#include "roam/encodings.h"
#include "roam/function-encodings.h"
#include "roam/held-encodings.h"
#include "roam/member-encodings.h"
#include "roam/owner-encodings.h"
