// A named function as a closure without captures: what the plugin makes an entry of for each
// function marked [[roam::live("name")]], as if the program had sent it.
#pragma once
#include "roam/reflect.h"
#include "roam/signature.h"
#include "roam/wrapper.h"

namespace roam {

/// Instantiated by the plugin alone.
template <auto Function>
struct LiveFunction;
template <class R, class... A, bool NoThrow, R (*Function)(A...) noexcept(NoThrow)>
struct LiveFunction<Function> {
  R operator()(A... a) const noexcept(NoThrow) { return Function(static_cast<A&&>(a)...); }

  using Entry = Code<LiveShape<LiveFunction, std::remove_cvref_t<A>...>>;
  using Signature = detail::SignatureText<typename detail::PassedByValue<R(A...)>::Type>;
};

} // namespace roam
