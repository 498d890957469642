// Finding out what was thrown: the type from the C++ runtime, the message from the exception.
#include "runtime/peer/thrown.h"
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <cxxabi.h>
#include <exception>
#include <future>
#include <memory>
#include <regex>
#include <string_view>
#include <system_error>
#include <typeinfo>

namespace roam::peer {
namespace {

struct Free {
  void operator()(char* text) const { std::free(text); }
};

std::string demangled(const std::type_info* type) {
  if (type == nullptr)
    return "an exception of another language";
  // The plugin's name for a type that other files cannot name: "roam.local.Here.0".
  constexpr std::string_view local = "roam.local.";
  std::string_view given = type->name();
  if (given.starts_with(local))
    return std::string(given.substr(local.size(), given.rfind('.') - local.size()));
  int status = 0;
  std::unique_ptr<char, Free> name(abi::__cxa_demangle(type->name(), nullptr, nullptr, &status));
  return status == 0 && name ? name.get() : type->name();
}

/// `text` at `used`, at most `most` bytes of it; advances `used`.
std::uint32_t place(std::string_view text, std::span<char> area, std::size_t& used,
                    std::size_t most) {
  std::size_t size = std::min({text.size(), most, area.size() - used});
  std::memcpy(area.data() + used, text.data(), size);
  used += size;
  return static_cast<std::uint32_t>(size);
}

void addCode(const std::error_code& code, Thrown& thrown) {
  thrown.code = code.value();
  thrown.category = code.category().name();
}

} // namespace

Thrown describeThrown() {
  Thrown thrown;
  thrown.type = demangled(abi::__cxa_current_exception_type());
  try {
    throw;
  } catch (const std::system_error& error) {
    thrown.message = error.what();
    addCode(error.code(), thrown);
  } catch (const std::future_error& error) {
    thrown.message = error.what();
    addCode(error.code(), thrown);
  } catch (const std::regex_error& error) {
    thrown.message = error.what();
    thrown.code = error.code();
  } catch (const std::exception& error) {
    thrown.message = error.what();
  } catch (const std::string& text) {
    thrown.message = text;
  } catch (const char* text) {
    thrown.message = text == nullptr ? "" : text;
  } catch (...) {
    thrown.message = "an exception of type " + thrown.type;
  }
  return thrown;
}

void placeThrown(const Thrown& thrown, std::span<char> text, Answer& answer) {
  std::size_t used = 0;
  answer.typeSize = place(thrown.type, text, used, 16 << 10);
  answer.categorySize = place(thrown.category, text, used, 1 << 10);
  answer.messageSize = place(thrown.message, text, used, text.size());
}

} // namespace roam::peer
