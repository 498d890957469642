// What a type looks like: the one question the archive asks before it encodes a value.
//
// Nothing of the standard library is included to answer it. A container is known by its members (a
// `key_type` and a `mapped_type` make a map), so that a program pays only for the headers it uses
// itself, and look-alikes of other libraries travel as well. The order of the questions in `kindOf`
// is the order of precedence: what a type says about itself (`serialize`) comes before what the
// plugin sees (its fields), and that before its shape.
#pragma once
#include "roam/reflect.h"
#include <cstddef>
#include <type_traits>
#include <utility>

namespace roam {

class Saver;
class Loader;

enum class Kind {
  boolean,
  plain,    ///< its bytes are its value: arithmetic types, enumerations, trivially copyable classes
  empty,    ///< a function object without state, as std::plus<>
  fields,   ///< a closure or an aggregate, field by field
  object,   ///< has virtual functions: made by its constructor, then filled field by field
  members,  ///< encodes itself: `serialize(ar)`, or `save(ar) const` and `load(ar)`
  array,    ///< E[N]
  stdArray, ///< std::array
  tuple,    ///< std::pair, std::tuple
  sequence, ///< vector, string, deque, list
  forwardList, ///< grows only behind an element
  valarray,
  set,
  map,
  adaptor, ///< stack, queue, priority_queue
  optional,
  expected,
  variant,
  owner,      ///< unique_ptr
  arrayOwner, ///< unique_ptr of E[]
  shared,     ///< shared_ptr
  weak,       ///< weak_ptr
  path,
  function,       ///< a pointer to a function
  memberFunction, ///< a pointer to a member function
  stdFunction,    ///< std::function
  // What cannot travel, by the reason that the message gives.
  pointer,
  view,
  abstract, ///< owns an object of some class derived from an abstract one
  other,
};

/// `serialize` as in cereal and as in Boost (with a version number); else the pair of `save` and
/// `load`.
template <class T>
concept SerializesPlainly = requires(T& x, Saver& ar) {
  x.serialize(ar);
};
template <class T>
concept SerializesVersioned = requires(T& x, Saver& ar) {
  x.serialize(ar, 0u);
};
template <class T>
concept SavesAndLoads = requires(T& x, const T& y, Saver& out, Loader& in) {
  y.save(out);
  x.load(in);
};
template <class T>
concept SerializesItself = SerializesPlainly<T> || SerializesVersioned<T> || SavesAndLoads<T>;

template <class T>
concept TupleLike = requires {
  std::tuple_size<T>::value;
};

/// Elements lie one after another in memory, and can be written there as bytes.
template <class T>
concept Contiguous = requires(T& x) {
  requires std::is_same_v<decltype(x.data()), typename T::value_type*>;
};

/// An object owned by a pointer to T may be of a derived class, which is looked up when it is sent.
template <class T>
#ifdef __cpp_rtti
concept HeldByBase =
    std::is_polymorphic_v<T> && std::has_virtual_destructor_v<T> && !std::is_final_v<T>;
#else
concept HeldByBase = false;
#endif

/// std::function<Sig>, which tells the type of what it holds.
template <class T>
inline constexpr bool holdsFunction = false;
template <template <class> class P, class R, class... A>
requires requires(const P<R(A...)>& x) {
  x.target_type();
}
inline constexpr bool holdsFunction<P<R(A...)>> = true;

/// Owns one object made by plain `new`, or is asked to: P<E> must be T itself, or its deleter
/// without state.
template <class T>
struct Owner {
  static constexpr Kind kind = Kind::other;
};
template <class T, class E>
concept OwnsOne = requires(T& x) {
  requires std::is_same_v<typename T::element_type, E>;
  x.reset(x.get());
  *x;
};
template <class T, class E>
concept DeletesWithoutState = requires {
  requires __is_empty(typename T::deleter_type);
  requires std::is_same_v<typename T::pointer, E*>;
};
template <template <class...> class P, class E, class... Rest>
requires OwnsOne<P<E, Rest...>, E>
struct Owner<P<E, Rest...>> {
  using T = P<E, Rest...>;
  static constexpr bool counts = std::is_copy_constructible_v<T> && requires(T & x) {
    x.use_count();
  };
  static constexpr Kind kind = !std::is_same_v<P<E>, T> && !DeletesWithoutState<T, E> ? Kind::other
                               : std::is_abstract_v<E> && !HeldByBase<E> ? Kind::abstract
                               : counts                                  ? Kind::shared
                                                                         : Kind::owner;
};
template <template <class...> class P, class E>
requires requires(const P<E>& x) {
  requires OwnsOne<decltype(x.lock()), E>;
  x.expired();
}
struct Owner<P<E>> {
  static constexpr Kind kind =
      std::is_abstract_v<E> && !HeldByBase<E> ? Kind::abstract : Kind::weak;
};
template <template <class...> class P, class E, class D>
requires requires(P<E[], D>& x) {
  requires DeletesWithoutState<P<E[], D>, E>;
  x.release();
  x[0];
}
struct Owner<P<E[], D>> {
  static constexpr Kind kind = std::is_same_v<P<E[]>, P<E[], D>> ? Kind::arrayOwner : Kind::other;
};

/// The kind of a container: all have `value_type` and `begin`.
template <class T>
consteval Kind containerKind() {
  if constexpr (requires(T & c) {
                  typename T::mapped_type;
                  c.emplace_hint(c.end());
                })
    return Kind::map;
  else if constexpr (requires(T & c) {
                       typename T::key_type;
                       c.emplace_hint(c.end());
                     })
    return Kind::set;
  else if constexpr (requires(T & c, typename T::value_type && e) {
                       c.push_back(std::move(e));
                       c.size();
                     })
    return Kind::sequence;
  else if constexpr (requires(T & c) { c.before_begin(); })
    return Kind::forwardList;
  else if constexpr (requires(const T& c) {
                       c.native();
                       typename T::string_type;
                     })
    return Kind::path;
  else if constexpr (requires(const T& c) {
                       c.data();
                       c.size();
                     })
    return Kind::view;
  else
    return Kind::other;
}

/// The kind of a class of the standard library, or of one like it.
template <class T>
consteval Kind shapeOf() {
  if constexpr (TupleLike<T>) {
    if constexpr (requires(T & x) { x.data(); })
      return Kind::stdArray;
    else
      return Kind::tuple;
  } else if constexpr (requires(const T& x) {
                         x.has_value();
                         typename T::unexpected_type;
                       })
    return Kind::expected;
  else if constexpr (requires(const T& x) {
                       x.has_value();
                       *x;
                       typename T::value_type;
                     })
    return Kind::optional;
  else if constexpr (requires(T & c) {
                       typename T::value_type;
                       c.begin();
                     })
    return containerKind<T>();
  else if constexpr (requires {
                       typename T::container_type;
                       typename T::value_type;
                     })
    return Kind::adaptor;
  else if constexpr (requires(const T& x) {
                       x.valueless_by_exception();
                       x.index();
                     })
    return Kind::variant;
  else if constexpr (requires(const T& x) {
                       typename T::value_type;
                       x.cshift(1);
                     })
    return Kind::valarray;
  else if constexpr (holdsFunction<T>)
    return Kind::stdFunction;
  else if constexpr (Owner<T>::kind != Kind::other)
    return Owner<T>::kind;
  else
    return __is_trivially_copyable(T) ? Kind::plain : Kind::other;
}

/// The kind of a type without const and volatile.
template <class T>
consteval Kind kindOf() {
  if constexpr (std::is_same_v<T, bool>)
    return Kind::boolean;
  else if constexpr (__is_array(T))
    return Kind::array;
  else if constexpr (__is_member_function_pointer(T))
    return Kind::memberFunction;
  else if constexpr (__is_pointer(T) && __is_function(std::remove_pointer_t<T>))
    return Kind::function;
  else if constexpr (__is_pointer(T) || __is_reference(T) || __is_function(T))
    return Kind::pointer;
  else if constexpr (!__is_class(T))
    return __is_trivially_copyable(T) ? Kind::plain : Kind::other;
  else if constexpr (SerializesItself<T>)
    return Kind::members;
  else if constexpr (PolymorphicType<T>)
    return Kind::object;
  else if constexpr (Reflected<T>)
    return Kind::fields;
  else if constexpr (__is_empty(T) && __is_trivially_constructible(T) && __is_trivially_copyable(T))
    return Kind::empty;
  else
    return shapeOf<T>();
}

// Asked by the plugin, which then says at the capture, and with the path to it, what cannot travel.
template <class T>
concept OfNoKind = kindOf<T>()
== Kind::other;
template <class T>
concept OwnerOfAbstract = kindOf<T>()
== Kind::abstract;
template <class T>
concept OnlyCaptured = kindOf<T>()
== Kind::stdFunction || requires {
  requires std::is_abstract_v<typename T::element_type>;
};
template <class T>
concept NeedsDefaultConstructor = (kindOf<T>() == Kind::object || kindOf<T>() == Kind::members) &&
                                  !std::is_default_constructible_v<T>;

} // namespace roam
