// From a failure that a peer reports to the exception that its caller would have seen.
#include "runtime/remote-exception.h"
#include "roam/error.h"
#include <any>
#include <filesystem>
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

/// Null for a category of the program's own, which cannot be found by its name.
const std::error_category* categoryNamed(std::string_view name) {
  for (const std::error_category* category : {&std::generic_category(), &std::system_category(),
                                              &std::iostream_category(), &std::future_category()})
    if (name == category->name())
      return category;
  return nullptr;
}

/// What a peer tells of an exception.
struct Told {
  std::string what;
  std::int64_t code;
  const std::error_category* category; // may be null

  std::error_code errorCode() const { return {int(code), *category}; }
};

/// Makes the exception again; null if that can't be done from what was told.
using Make = std::exception_ptr (*)(const Told& told);

template <class E>
std::exception_ptr withText(const Told& told) {
  return std::make_exception_ptr(E(told.what));
}
template <class E>
std::exception_ptr withoutText(const Told&) {
  return std::make_exception_ptr(E());
}

/// What `fails` throws, for exceptions that only the library can make.
template <class F>
std::exception_ptr thrownBy(const F& fails) {
  try {
    fails();
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

/// what() of a std::system_error is its own text, a colon, and the text of its code, which the
/// constructor adds again.
std::string ownText(const std::string& what, const std::error_code& code) {
  std::string ending = ": " + code.message();
  return what.ends_with(ending) ? what.substr(0, what.size() - ending.size()) : what;
}

std::exception_ptr systemError(const Told& told) {
  if (told.category == nullptr)
    return nullptr;
  std::error_code code = told.errorCode();
  return told.what == code.message()
             ? std::make_exception_ptr(std::system_error(code))
             : std::make_exception_ptr(std::system_error(code, ownText(told.what, code)));
}

std::exception_ptr iosFailure(const Told& told) {
  if (told.category == nullptr)
    return nullptr;
  std::error_code code = told.errorCode();
  return std::make_exception_ptr(std::ios_base::failure(ownText(told.what, code), code));
}

/// The library's streams throw a class of its own, derived from std::ios_base::failure.
std::exception_ptr failureOfAStream(const Told& told) {
  auto made = thrownBy([] { std::ios(nullptr).exceptions(std::ios::badbit); });
  try {
    std::rethrow_exception(made);
  } catch (const std::exception& error) {
    return told.what == error.what() ? made : iosFailure(told);
  }
}

std::exception_ptr futureError(const Told& told) {
  if (told.category != &std::future_category())
    return nullptr;
  return std::make_exception_ptr(std::future_error(std::future_errc(told.code)));
}

std::exception_ptr regexError(const Told& told) {
  return thrownBy([&] {
    std::__throw_regex_error(std::regex_constants::error_type(told.code), told.what.c_str());
  });
}

/// Holds a pointer to its text, so the text must be one that lasts: libstdc++ 12 has these and that
/// of the default constructor.
std::exception_ptr badVariantAccess(const Told& told) {
  for (const char* text : {"std::get: variant is valueless", "std::get: wrong index for variant",
                           "std::visit: variant is valueless"})
    if (told.what == text)
      return thrownBy([&] { std::__throw_bad_variant_access(text); });
  return std::make_exception_ptr(std::bad_variant_access());
}

/// "filesystem error: TEXT: MESSAGE OF THE CODE [PATH] [PATH]", where the paths may be missing.
std::exception_ptr filesystemError(const Told& told) {
  using std::filesystem::filesystem_error;
  constexpr std::string_view start = "filesystem error: ";
  if (told.category == nullptr || !told.what.starts_with(start))
    return nullptr;
  std::string_view all = std::string_view(told.what).substr(start.size());
  std::string message = ": " + told.errorCode().message();
  std::size_t at = all.find(message);
  if (at == std::string_view::npos)
    return nullptr;
  std::string text(all.substr(0, at));
  std::string_view paths = all.substr(at + message.size());
  if (paths.empty())
    return std::make_exception_ptr(filesystem_error(text, told.errorCode()));
  if (!paths.starts_with(" [") || !paths.ends_with("]"))
    return nullptr;
  paths = paths.substr(2, paths.size() - 3);
  std::size_t between = paths.find("] [");
  if (between == std::string_view::npos)
    return std::make_exception_ptr(filesystem_error(text, paths, told.errorCode()));
  return std::make_exception_ptr(filesystem_error(text, paths.substr(0, between),
                                                  paths.substr(between + 3), told.errorCode()));
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
    {"std::bad_variant_access", badVariantAccess},
    {"std::bad_weak_ptr", withoutText<std::bad_weak_ptr>},
    {"std::system_error", systemError},
    {"std::ios_base::failure[abi:cxx11]", iosFailure},
    {"std::__ios_failure", failureOfAStream},
    {"std::future_error", futureError},
    {"std::regex_error", regexError},
    {"std::filesystem::__cxx11::filesystem_error", filesystemError},
};

std::exception_ptr thrownThere(const net::Failure& failure, const Digest& entry,
                               const std::string& peer) {
  std::string type = failure.type.cStr();
  Told told{failure.message.cStr(), failure.code, categoryNamed(failure.category.cStr())};
  for (auto& standard : standardTypes)
    if (type == standard.name)
      if (auto made = standard.make(told))
        return made;
  return std::make_exception_ptr(
      RemoteError(type, told.what, failure.element, peer, entry.toString()));
}

std::exception_ptr workerDied(const net::Failure& failure, const Digest& entry,
                              const std::string& text) {
  WorkerDied::End end{failure.signal,    failure.exitStatus, entry.toString(), failure.element, {},
                      failure.mayHaveRun};
  std::string all = text;
  for (const kj::String& line : failure.stack) {
    end.stack.emplace_back(line.cStr());
    all += "\n    at " + end.stack.back();
  }
  return std::make_exception_ptr(WorkerDied(all, std::move(end)));
}

} // namespace

std::exception_ptr remoteException(const net::Failure& failure, const Digest& entry,
                                   const std::string& peer) {
  using Kind = net::Failure::Kind;
  if (failure.kind == Kind::thrown)
    return thrownThere(failure, entry, peer);
  std::string text =
      fmt::format("{} (closure {}, on peer {})", failure.message.cStr(), entry.shortened(), peer);
  switch (failure.kind) {
  case Kind::workerDied:
    return workerDied(failure, entry, text);
  case Kind::quarantined:
  case Kind::badSlice:
  case Kind::limit:
  case Kind::forbidden:
    return std::make_exception_ptr(Refused(text));
  default: // what we encoded was not what the entry decodes
    return std::make_exception_ptr(Error(text));
  }
}

} // namespace roam
