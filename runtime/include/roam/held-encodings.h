// How values are encoded whose type is hidden where they are sent: what a std::function holds, the
// object of a derived class behind a pointer to its base, the lambda behind a function pointer.
// Part of archive.h, which says the format.
//
// The closure's own code knows nothing of them, so other functions and classes of the file leave
// its digest alone. For each F that the file puts behind an H that it sends, the plugin makes
// Held<H, F>: its `save` stays in the program, its `code` is a slice that travels as captured
// functions do. For example
//
//     std::function<int(int)> f = [n](int x) { return n * x; };
//     cluster.map(v, [f](int x) { return f(x); });
//
// makes Held<std::function<int(int)>, lambda>: `f` is encoded as the place of its `code` in the
// list of functions, then n; on the peer roamTarget gives that code, which reads n and fills f.
#pragma once
#include "roam/function-encodings.h"
#include <string>
#include <typeinfo>

namespace roam {

/// Reads an F, and gives it to the H at `holder`.
using HeldCode = void(Reader& in, void* holder);

template <class H, class F>
const char* nameOfHeld() noexcept {
  return roamHeldName(Held<H, F>::id::value);
}

/// The place in the file's list of what may be behind an H; the plugin makes sure, when this is
/// instantiated, that all that the file knows is there. Null if there is nothing like it.
template <class H>
const HeldItem* heldItem(const FunctionList& functions, const std::type_info* type,
                         const void* address) {
  for (const HeldItem& item : functions.held())
    if (item.holder == &typeTag<H> && item.address == address &&
        (type == nullptr || *item.type == *type))
      return &item;
  return nullptr;
}

#ifdef __cpp_rtti
/// Saves what is of type `type` behind the H.
template <class H>
void saveHeld(Output& out, const std::type_info& type, const H& holder) {
  const HeldItem* item = heldItem<H>(*out.functions, &type, nullptr);
  if (item == nullptr || item->name() == nullptr)
    out.functions->held().refuse(typeid(H), type);
  saveFunction(out, item, item->name());
  item->save(out, __builtin_addressof(holder));
}

// --- std::function ------------------------------------------------------------------------------

/// How F is taken out of an H, and put into it.
template <class H>
struct Holding {
  template <class F>
  static void save(Output& out, const H& x) {
    roam::save<F>(out, *x.template target<F>());
  }
  template <class F>
  static void load(Reader& in, void* holder) {
    *static_cast<H*>(holder) = roam::load<F>(in);
  }
};

template <class T>
struct Encoding<T, Kind::stdFunction> {
  static void save(Output& out, const T& x) {
    if (!x)
      saveFunction(out, nullptr);
    else if (out.functions != nullptr)
      saveHeld<T>(out, x.target_type(), x);
    else
      throw std::invalid_argument(
          "roam: a std::function can travel only inside what a closure captures, not as an "
          "argument or result: capture it, or send the lambda itself, with its own type");
  }
  static T load(Reader& in) {
    T x;
    if (auto* code = reinterpret_cast<HeldCode*>(const_cast<void*>(loadFunction(in))))
      code(in, __builtin_addressof(x));
    return x;
  }
};

// --- objects of derived classes -----------------------------------------------------------------

/// Through a virtual base with a look at the object's class.
template <class F, class H>
F& downcast(H& x) {
  if constexpr (requires { static_cast<F&>(x); })
    return static_cast<F&>(x);
  else
    return dynamic_cast<F&>(x);
}

/// F is derived from H. Called with null at `holder`, `load` makes the F; called again, it fills
/// it: in between the object is known to its owners, since cycles lead back to it.
template <HeldByBase H>
struct Holding<H> {
  template <class F>
  static void save(Output& out, const H& x) {
    roam::save<F>(out, downcast<const F>(x));
  }
  template <class F>
  static void load(Reader& in, void* holder) {
    H*& object = *static_cast<H**>(holder);
    if constexpr (requires(F & x) { Codec<F>::loadInto(in, x); }) {
      if (object == nullptr)
        object = new F();
      else
        Codec<F>::loadInto(in, downcast<F>(*object));
    } else if (object == nullptr)
      object = new F(roam::load<F>(in));
  }
};

/// The object that a pointer to V owns. Throws std::invalid_argument, which names what it is, if it
/// is of a derived class and can't be looked up here.
template <class V>
void saveOwned(Output& out, const V& x) {
  if constexpr (HeldByBase<V>) {
    if (out.functions != nullptr && typeid(x) != typeid(V))
      return saveHeld<V>(out, typeid(x), x);
    saveFunction(out, nullptr);
  }
  if constexpr (std::is_polymorphic_v<V> && !std::is_final_v<V>)
    if (typeid(x) != typeid(V))
      throw std::invalid_argument(
          std::string("roam: a pointer to the class with the type name ") + typeid(V).name() +
          " owns an object of the derived class " + typeid(x).name() +
          ", which would lose what the derived class adds: capture the pointer, or send one to the "
          "derived class, or a std::variant of the classes it may be");
  if constexpr (!std::is_abstract_v<V>)
    roam::save<V>(out, x);
}

/// `id` is added by the plugin.
template <class H, class F>
struct Held {
  static void save(Output& out, const void* holder) {
    Holding<H>::template save<F>(out, *static_cast<const H*>(holder));
  }
  static void code(Reader& in, void* holder) { Holding<H>::template load<F>(in, holder); }
  [[gnu::used, gnu::retain, gnu::section("roam_held")]] static inline const HeldItem item = {
      &typeTag<H>, &typeid(F), nullptr, &save, &nameOfHeld<H, F>};
};

#else
template <class V>
void saveOwned(Output& out, const V& x) {
  static_assert(!std::is_polymorphic_v<V> || std::is_final_v<V>,
                "roam: whether a pointer owns an object of a derived class is seen with RTTI only: "
                "compile without -fno-rtti, or make the class final");
  roam::save<V>(out, x);
}
#endif

/// Gives the object to `own` as soon as there is one, then fills it. False if it is exactly a V,
/// which is left to the caller.
template <class V, class Own>
bool loadHeld(Reader& in, const Own& own) {
  if constexpr (HeldByBase<V>)
    if (auto* code = reinterpret_cast<HeldCode*>(const_cast<void*>(loadFunction(in)))) {
      V* object = nullptr;
      code(in, &object);
      own(object);
      code(in, &object);
      return true;
    }
  return false;
}

// --- lambdas that became functions --------------------------------------------------------------

/// The lambda F without captures, made a function.
template <class R, class... A, bool N, class F>
struct Held<R (*)(A...) noexcept(N), F> {
  using H = R (*)(A...) noexcept(N);
  static R code(A... a) noexcept(N) { return F()(static_cast<A&&>(a)...); }
  [[gnu::used, gnu::retain, gnu::section("roam_held")]] static inline const HeldItem item = {
      &typeTag<H>, nullptr, reinterpret_cast<const void*>(static_cast<H>(F())), nullptr,
      &nameOfHeld<H, F>};
};

} // namespace roam
