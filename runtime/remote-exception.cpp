#include "runtime/remote-exception.h"
#include "roam/error.h"
#include <any>
#include <fmt/format.h>
#include <functional>
#include <future>
#include <ios>
#include <memory>
#include <new>
#include <optional>
#include <regex>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <typeinfo>
#include <variant>

namespace roam {
namespace {

const std::error_category& categoryNamed(std::string_view name) {
  for (const std::error_category* category :
       {&std::generic_category(), &std::system_category(), &std::iostream_category(),
        &std::future_category()})
    if (name == category->name())
      return *category;
  return std::generic_category();
}

/// what() of a std::system_error is its own text, a colon, and the text of its code, which the constructor adds again.
std::string ownText(const std::string& what, const std::error_code& code) {
  std::string ending = ": " + code.message();
  return what.ends_with(ending) ? what.substr(0, what.size() - ending.size()) : what;
}

using Make = std::exception_ptr (*)(const std::string& what, const std::error_code& code);

template <class E>
std::exception_ptr withText(const std::string& what, const std::error_code&) {
  return std::make_exception_ptr(E(what));
}
template <class E>
std::exception_ptr withoutText(const std::string&, const std::error_code&) {
  return std::make_exception_ptr(E());
}
template <class E>
std::exception_ptr withCode(const std::string& what, const std::error_code& code) {
  return std::make_exception_ptr(E(code, ownText(what, code)));
}
std::exception_ptr iosFailure(const std::string& what, const std::error_code& code) {
  return std::make_exception_ptr(std::ios_base::failure(ownText(what, code), code));
}
std::exception_ptr futureError(const std::string&, const std::error_code& code) {
  return std::make_exception_ptr(std::future_error(std::future_errc(code.value())));
}
std::exception_ptr regexError(const std::string&, const std::error_code& code) {
  return std::make_exception_ptr(
      std::regex_error(std::regex_constants::error_type(code.value())));
}

struct StandardType {
  std::string_view name; // as demangled
  Make make;
};

constexpr StandardType standardTypes[] = {
    {"std::logic_error", withText<std::logic_error>},
    {"std::domain_error", withText<std::domain_error>},
    {"std::invalid_argument", withText<std::invalid_argument>},
    {"std::length_error", withText<std::length_error>},
    {"std::out_of_range", withText<std::out_of_range>},
    {"std::runtime_error", withText<std::runtime_error>},
    {"std::range_error", withText<std::range_error>},
    {"std::overflow_error", withText<std::overflow_error>},
    {"std::underflow_error", withText<std::underflow_error>},
    {"std::exception", withoutText<std::exception>},
    {"std::bad_exception", withoutText<std::bad_exception>},
    {"std::bad_alloc", withoutText<std::bad_alloc>},
    {"std::bad_array_new_length", withoutText<std::bad_array_new_length>},
    {"std::bad_cast", withoutText<std::bad_cast>},
    {"std::bad_typeid", withoutText<std::bad_typeid>},
    {"std::bad_any_cast", withoutText<std::bad_any_cast>},
    {"std::bad_function_call", withoutText<std::bad_function_call>},
    {"std::bad_optional_access", withoutText<std::bad_optional_access>},
    {"std::bad_variant_access", withoutText<std::bad_variant_access>},
    {"std::bad_weak_ptr", withoutText<std::bad_weak_ptr>},
    {"std::system_error", withCode<std::system_error>},
    {"std::ios_base::failure[abi:cxx11]", iosFailure},
    {"std::ios_base::failure", iosFailure},
    {"std::future_error", futureError},
    {"std::regex_error", regexError},
    {"std::__cxx11::regex_error", regexError},
};

std::exception_ptr thrownThere(const net::Failure& failure, const Digest& entry,
                               const std::string& peer) {
  std::string type = failure.type.cStr(), what = failure.message.cStr();
  std::error_code code(int(failure.code), categoryNamed(failure.category.cStr()));
  for (auto& standard : standardTypes)
    if (type == standard.name)
      return standard.make(what, code);
  return std::make_exception_ptr(RemoteError(type, what, failure.element, peer, entry.toString()));
}

} // namespace

std::exception_ptr remoteException(const net::Failure& failure, const Digest& entry,
                                   const std::string& peer) {
  using Kind = net::Failure::Kind;
  if (failure.kind == Kind::thrown)
    return thrownThere(failure, entry, peer);
  std::string text = fmt::format("{} (closure {}, on peer {})", failure.message.cStr(),
                                 entry.shortened(), peer);
  switch (failure.kind) {
  case Kind::workerDied:
    return std::make_exception_ptr(Crashed(text));
  case Kind::badSlice:
  case Kind::limit:
    return std::make_exception_ptr(Refused(text));
  default: // what we encoded was not what the entry decodes
    return std::make_exception_ptr(Error(text));
  }
}

} // namespace roam
