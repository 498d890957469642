// The shapes of entries: what runs on the host around a closure, from encoded captures and
// arguments to results.
//
// A shape is given to `roam::Code`, and the plugin ships its `run`. The closure is rebuilt once;
// then a loop runs over the whole chunk inside the slice, where the optimiser sees loop and body
// together: x * x + 7 over numbers becomes one vectorised loop between two byte ranges. User code
// runs only on captures and arguments that decoded without error.
//
// The closure is one object for the whole chunk, and not const: what a `mutable` lambda changes in
// it lasts until the end of the chunk, and no longer. How elements are grouped into chunks is not
// for the user to know.
#pragma once
#include "roam/archive.h"
#include "roam/buffer.h"
#include <vector>

namespace roam {

#ifdef __ROAM_PLUGIN__
inline constexpr bool pluginIsLoaded = true;
#else
inline constexpr bool pluginIsLoaded = false;
#endif

/// Stands for the result of a call that can't be made: the plugin has said so.
struct NoResult {};

template <class... T>
consteval bool allShippable() {
  static_assert(pluginIsLoaded,
                "roam: this file is compiled without Roam's compiler plugin: link the target with "
                "roam::roam in CMake, or add -fplugin=<path of roam-plugin.so> (clang 19 only)");
  if constexpr (!pluginIsLoaded || (std::is_same_v<T, NoResult> || ...))
    return false;
  else
    return !(refusedByPlugin<T> || ...);
}
/// Whether all of these may travel, which the plugin decides. Of what may not it has said so
/// itself, and everything else stays quiet about it.
template <class... T>
inline constexpr bool shippable = allShippable<T...>();

/// How to ask `shippable` about an argument or a result.
template <class T>
using AsPassed =
    std::conditional_t<std::is_arithmetic_v<T> || std::is_void_v<T> || std::is_same_v<T, NoResult>,
                       T, Passed<T>>;

/// As std::invoke: f(a...), or (object.*f)(a...) for a pointer to a member function, object.*f for
/// one to a member.
template <class F, class... A>
requires requires(F& f, A&&... a) {
  f(static_cast<A&&>(a)...);
}
constexpr decltype(auto) invoke(F& f, A&&... a) {
  return f(static_cast<A&&>(a)...);
}
template <class F, class Object, class... A>
requires(__is_member_function_pointer(F) && requires(F & f, Object&& object, A&&... a) {
  (static_cast<Object&&>(object).*f)(static_cast<A&&>(a)...);
}) constexpr decltype(auto) invoke(F& f, Object&& object, A&&... a) {
  return (static_cast<Object&&>(object).*f)(static_cast<A&&>(a)...);
}
template <class F, class Object>
requires(__is_member_object_pointer(F) && requires(F & f, Object&& object) {
  static_cast<Object&&>(object).*f;
}) constexpr decltype(auto) invoke(F& f, Object&& object) {
  return (static_cast<Object&&>(object).*f);
}

template <class F, class... A>
concept Callable = requires(F& f, A&&... a) {
  roam::invoke(f, static_cast<A&&>(a)...);
};
template <class F, class... A>
concept CallableOnlyWithLvalues = !Callable<F, A...> && Callable<F, A&...>;

template <class F, class... A>
struct CallResult {
  static constexpr Mistake mistake =
      CallableOnlyWithLvalues<F, A...> ? Mistake::changesItsArgument : Mistake::cannotBeCalled;
  static_assert(Mistaken<mistake, F, A...>::told);
  using Type = NoResult;
};
template <class F, class... A>
requires Callable<F, A...>
struct CallResult<F, A...> {
  using Type =
      std::remove_cvref_t<decltype(roam::invoke(std::declval<F&>(), std::declval<A>()...))>;
};
/// What F returns for arguments of these types, as a value.
template <class F, class... A>
using ResultOf = typename CallResult<F, A...>::Type;

template <class F, class R>
struct Collected {
  using Type = R;
};
template <class F>
struct Collected<F, void> {
  static_assert(Mistaken<Mistake::returnsNothing, F>::told);
  using Type = NoResult;
};
/// The same where results are collected, so that F must return something.
template <class F, class... A>
using ValueOf = typename Collected<F, ResultOf<F, A...>>::Type;

/// Whether Op makes an R of an A and a B: the plugin says so if not.
template <class Op, class R, class A, class B>
consteval bool reduces() {
  using Given = ResultOf<Op, A, B>;
  if constexpr (std::is_same_v<Given, NoResult>)
    return false;
  else if constexpr (!std::is_convertible_v<Given, R>)
    return !Mistaken<Mistake::cannotReduce, Op, R, Given>::told;
  else
    return true;
}

/// Counts the elements of a chunk, and tells the output how far it came, also when an exception
/// passes.
struct Position {
  Output& out;
  std::uint64_t element = 0;
  ~Position() { out.element = element; }
};

/// Appends the result of a call; nothing if it has none.
template <class R, class Call>
void saveResult(Output& out, Call&& call) {
  if constexpr (std::is_void_v<R>)
    call();
  else
    saveWhole<R>(out, call());
}

/// f over each element: `count` arguments give `count` results.
template <class F, class T>
struct MapShape {
  using Closure = F;
  using Argument = T;
  using Result = ResultOf<F, T>;

  static Outcome run(const char* captures, std::size_t capturesSize, const char* arguments,
                     std::size_t argumentsSize, std::uint64_t count, Output& out) {
    if constexpr (!shippable<F, AsPassed<T>, AsPassed<Result>> || !Callable<F, T>)
      return Outcome::badCaptures;
    else {
      Reader reader{captures, capturesSize};
      Rebuilt<F> f(reader);
      if (!reader.finished())
        return Outcome::badCaptures;
      if constexpr (isBytesToBytes())
        return runOverBytes(f.get(), arguments, argumentsSize, count, out);
      else
        return runOneByOne(f.get(), arguments, argumentsSize, count, out);
    }
  }

 private:
  static consteval bool isBytesToBytes() {
    if constexpr (std::is_void_v<Result>)
      return false;
    else
      return raw<T> == Raw::both && raw<Result> != Raw::no;
  }
  /// One check and one allocation for the chunk; then nothing in the loop but the function.
  static Outcome runOverBytes(F& f, const char* __restrict from, std::size_t size,
                              std::uint64_t count, Output& out) {
    if (size % sizeof(T) != 0 || size / sizeof(T) != count)
      return Outcome::badArguments;
    char* __restrict to = out.room(count * sizeof(Result));
    for (Position at{out}; at.element < count; ++at.element) {
      Result y = roam::invoke(f, fromBytes<T>(from + at.element * sizeof(T)));
      __builtin_memcpy(to + at.element * sizeof(Result), &y, sizeof y);
    }
    return Outcome::done;
  }
  static Outcome runOneByOne(F& f, const char* from, std::size_t size, std::uint64_t count,
                             Output& out) {
    Reader reader{from, size};
    for (Position at{out}; at.element < count; ++at.element) {
      Rebuilt<T> x(reader);
      if (!reader.ok)
        return Outcome::badArguments;
      saveResult<Result>(
          out, [&]() -> decltype(auto) { return roam::invoke(f, static_cast<T&&>(x.get())); });
    }
    return reader.finished() ? Outcome::done : Outcome::badArguments;
  }
};

template <std::size_t I, class T>
struct ArgumentAt : Rebuilt<T> {
  using Rebuilt<T>::Rebuilt;
};
template <class Indices, class... A>
struct RebuiltArguments;
/// The arguments of one call, each in its place; as bases they are built in order, and taken back
/// if a later one throws.
template <std::size_t... I, class... A>
struct RebuiltArguments<std::index_sequence<I...>, A...> : ArgumentAt<I, A>... {
  explicit RebuiltArguments([[maybe_unused]] Reader& in) : ArgumentAt<I, A>(in)... {}
  template <class F>
  decltype(auto) call(F& f) {
    return roam::invoke(f, static_cast<A&&>(static_cast<ArgumentAt<I, A>&>(*this).get())...);
  }
};

/// Exactly one call, with any number of arguments. No loop: it would double the time that compiling
/// a small closure takes.
template <class F, class... A>
struct CallShape {
  using Closure = F;
  using Argument = std::tuple<A...>; // only named: a program that does not include <tuple> need not
  using Result = ResultOf<F, A...>;

  static Outcome run(const char* captures, std::size_t capturesSize, const char* arguments,
                     std::size_t argumentsSize, std::uint64_t count, Output& out) {
    if constexpr (!shippable<F, AsPassed<A>..., AsPassed<Result>> || !Callable<F, A...>)
      return Outcome::badCaptures;
    else {
      Reader reader{captures, capturesSize};
      Rebuilt<F> f(reader);
      if (!reader.finished())
        return Outcome::badCaptures;
      reader = {arguments, argumentsSize};
      RebuiltArguments<std::index_sequence_for<A...>, A...> call(reader);
      if (!reader.finished() || count != 1)
        return Outcome::badArguments;
      saveResult<Result>(out, [&]() -> decltype(auto) { return call.call(f.get()); });
      return Outcome::done;
    }
  }
};

/// What a name is bound to: any number of calls, so that a call and a map of a name run the same
/// code. There is nothing in the loop to be undone when a call throws: that would take a third more
/// time to compile.
template <class F, class... A>
struct LiveShape {
  using Closure = F;
  using Argument = std::tuple<A...>; // only named
  using Result = ResultOf<F, A...>;

  static Outcome run(const char* captures, std::size_t capturesSize, const char* arguments,
                     std::size_t argumentsSize, std::uint64_t count, Output& out) {
    if constexpr (!shippable<F, AsPassed<A>..., AsPassed<Result>> || !Callable<F, A...>)
      return Outcome::badCaptures;
    else {
      Reader reader{captures, capturesSize};
      Rebuilt<F> f(reader);
      if (!reader.finished())
        return Outcome::badCaptures;
      reader = {arguments, argumentsSize};
      for (std::uint64_t element = 0; element < count; ++element) {
        out.element = element;
        RebuiltArguments<std::index_sequence_for<A...>, A...> call(reader);
        if (!reader.ok)
          return Outcome::badArguments;
        saveResult<Result>(out, [&]() -> decltype(auto) { return call.call(f.get()); });
      }
      return reader.finished() ? Outcome::done : Outcome::badArguments;
    }
  }
};

/// The two functions of a mapReduce as one closure.
template <class F, class Op>
struct MapAndReduce {
  F map;
  Op reduce;
};

/// op(... op(op(f(x0), f(x1)), f(x2)) ...): a chunk of one element or more gives exactly one
/// result.
template <class F, class Op, class T>
struct ReduceShape {
  using Closure = MapAndReduce<F, Op>;
  using Argument = T;
  using Result = ResultOf<F, T>;

  static Outcome run(const char* captures, std::size_t capturesSize, const char* arguments,
                     std::size_t argumentsSize, std::uint64_t count, Output& out) {
    if constexpr (!shippable<F, Op, AsPassed<T>, AsPassed<Result>> || !Callable<F, T>)
      return Outcome::badCaptures;
    else {
      Reader reader{captures, capturesSize};
      Rebuilt<F> f(reader);
      Rebuilt<Op> op(reader);
      if (!reader.finished())
        return Outcome::badCaptures;
      if constexpr (raw<T> == Raw::both)
        return foldBytes(f.get(), op.get(), arguments, argumentsSize, count, out);
      else
        return foldOneByOne(f.get(), op.get(), arguments, argumentsSize, count, out);
    }
  }

 private:
  static Outcome foldBytes(F& f, Op& op, const char* from, std::size_t size, std::uint64_t count,
                           Output& out) {
    if (count == 0 || size % sizeof(T) != 0 || size / sizeof(T) != count)
      return Outcome::badArguments;
    Position at{out};
    Result all = roam::invoke(f, fromBytes<T>(from));
    for (at.element = 1; at.element < count; ++at.element)
      all = op(static_cast<Result&&>(all),
               roam::invoke(f, fromBytes<T>(from + at.element * sizeof(T))));
    saveWhole<Result>(out, all);
    return Outcome::done;
  }
  static Outcome foldOneByOne(F& f, Op& op, const char* from, std::size_t size, std::uint64_t count,
                              Output& out) {
    Reader reader{from, size};
    Position at{out};
    Rebuilt<T> first(reader);
    if (count == 0 || !reader.ok)
      return Outcome::badArguments;
    Result all = roam::invoke(f, static_cast<T&&>(first.get()));
    for (at.element = 1; at.element < count; ++at.element) {
      Rebuilt<T> x(reader);
      if (!reader.ok)
        return Outcome::badArguments;
      all = op(static_cast<Result&&>(all), roam::invoke(f, static_cast<T&&>(x.get())));
    }
    if (!reader.finished())
      return Outcome::badArguments;
    saveWhole<Result>(out, all);
    return Outcome::done;
  }
};

// --- the origin's side ------------------------------------------------------------------------

/// Appends the captures of a closure, or of several one after another: what a shape rebuilds.
template <class... F>
void saveClosure(Output& out, const F&... f) {
  auto one = [&]<class G>(const G& g) {
    if constexpr (!refusedByPlugin<G>)
      saveWhole<G>(out, g);
  };
  (one(f), ...);
}

} // namespace roam
