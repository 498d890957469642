// The signature of a function as text, by which peers and callers of a name agree on what it takes
// and gives:
//
//     nameOfSignature<double(const std::string&, int)>()  is  "double (std::basic_string<char>,
//     int)"
//
// The compiler plugin reads the same text from SignatureText<...>::text, for functions marked
// [[roam::live("name")]], so that both sides agree on each spelling of each type.
#pragma once
#include <string_view>
#include <type_traits>

namespace roam::detail {

/// `Signature` takes and gives values: see PassedByValue.
template <class Signature>
struct SignatureText {
  static constexpr std::string_view text() {
    std::string_view whole = __PRETTY_FUNCTION__;
    constexpr std::string_view before = "[Signature = ";
    whole.remove_prefix(whole.find(before) + before.size());
    whole.remove_suffix(1); // "]"
    return whole;
  }
};

/// What travels is values: references and const at the top of results and parameters don't count.
template <class Signature>
struct PassedByValue;
template <class R, class... A>
struct PassedByValue<R(A...)> {
  using Type = std::remove_cvref_t<R>(std::remove_cvref_t<A>...);
};
template <class R, class... A>
struct PassedByValue<R(A...) noexcept> : PassedByValue<R(A...)> {};

/// The same text in every program, wherever a type is declared and whatever it is called there by
/// typedefs. Lives as long as the program.
template <class Signature>
constexpr std::string_view nameOfSignature() {
  return SignatureText<typename PassedByValue<Signature>::Type>::text();
}

} // namespace roam::detail
