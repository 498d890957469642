// A value as people read it: what `roam eval` prints for each peer. Not included by roam.h.
//
//     3   2.5   true   "text"   'c'   [1, 2]   {"a": 1, "b": 2}   (1, "x")   nothing   done
//
// The first spelling that fits counts: the kinds below, then operator<<, then the name of the type.
#pragma once
#include <charconv>
#include <concepts>
#include <cstddef>
#include <ranges>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace roam::detail {

template <class T>
constexpr std::string_view nameOfType() {
  std::string_view whole = __PRETTY_FUNCTION__;
  constexpr std::string_view before = "[T = ";
  whole.remove_prefix(whole.find(before) + before.size());
  whole.remove_suffix(1); // "]"
  return whole;
}

template <class T>
concept TextLike = std::convertible_to<const T&, std::string_view>;
template <class T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};
template <class T>
concept MapLike = std::ranges::input_range<const T> && requires {
  typename T::key_type;
  typename T::mapped_type;
};
template <class T>
concept TupleLike = requires {
  std::tuple_size<T>::value;
}
&&!std::ranges::input_range<const T>;
template <class T>
concept PointerLike = requires(const T& value) { // owners and optionals
  static_cast<bool>(value);
  *value;
}
&&!std::is_pointer_v<T>;
template <class T>
inline constexpr bool isVariant = false;
template <class... T>
inline constexpr bool isVariant<std::variant<T...>> = true;

inline void appendCharacter(std::string& to, char c, char quote) {
  constexpr char digits[] = "0123456789abcdef";
  auto code = static_cast<unsigned char>(c);
  if (c == quote || c == '\\')
    (to += '\\') += c;
  else if (c == '\n')
    to += "\\n";
  else if (c == '\t')
    to += "\\t";
  else if (code < 0x20 || code == 0x7f)
    ((to += "\\x") += digits[code >> 4]) += digits[code & 15];
  else
    to += c;
}

/// Appends; stops soon after `most` bytes.
struct ValueText {
  static constexpr std::size_t most = 64 << 10;
  std::string text;

  template <class T>
  void add(const T& value) {
    if constexpr (std::same_as<T, bool>)
      text += value ? "true" : "false";
    else if constexpr (std::same_as<T, char>) {
      text += '\'';
      appendCharacter(text, value, '\'');
      text += '\'';
    } else if constexpr (std::is_arithmetic_v<T>)
      addNumber(value);
    else if constexpr (std::is_same_v<T, std::nullptr_t>)
      text += "nullptr";
    else if constexpr (std::is_same_v<std::decay_t<T>, const char*> ||
                       std::is_same_v<std::decay_t<T>, char*>)
      addText(static_cast<const char*>(value) ? std::string_view(value) : "");
    else if constexpr (TextLike<T>)
      addText(value);
    else if constexpr (MapLike<T>)
      addAll(value, '{', '}', [this](const auto& pair) {
        add(pair.first);
        text += ": ";
        add(pair.second);
      });
    else if constexpr (std::ranges::input_range<const T>)
      addAll(value, '[', ']', [this](const auto& element) { this->add(element); });
    else if constexpr (isVariant<T>)
      std::visit([this](const auto& one) { this->add(one); }, value);
    else
      addOther(value);
  }

 private:
  template <class T>
  void addOther(const T& value) {
    if constexpr (TupleLike<T>) {
      text += '(';
      std::apply(
          [this](const auto&... part) {
            std::size_t count = 0;
            ((text += count++ == 0 ? "" : ", ", add(part)), ...);
          },
          value);
      text += ')';
    } else if constexpr (PointerLike<T>) {
      if (static_cast<bool>(value))
        add(*value);
      else
        text += "nothing";
    } else if constexpr (Streamable<T>) {
      std::ostringstream out;
      out << value;
      text += std::move(out).str();
    } else {
      text += "<a ";
      text += nameOfType<T>();
      text += ": it has no operator<<, so its value cannot be shown>";
    }
  }
  template <class T>
  void addNumber(T value) {
    char digits[64];
    std::to_chars_result end{};
    if constexpr (std::is_floating_point_v<T>)
      end = std::to_chars(digits, digits + sizeof digits, value);
    else if constexpr (std::is_signed_v<T>)
      end = std::to_chars(digits, digits + sizeof digits, static_cast<long long>(value));
    else
      end = std::to_chars(digits, digits + sizeof digits, static_cast<unsigned long long>(value));
    text.append(digits, end.ptr);
  }
  void addText(std::string_view characters) {
    text += '"';
    for (char c : characters.substr(0, most))
      appendCharacter(text, c, '"');
    text += characters.size() > most ? "...\"" : "\"";
  }
  template <class Range, class One>
  void addAll(const Range& range, char open, char close, const One& one) {
    text += open;
    bool first = true;
    for (auto&& element : range) {
      text += first ? "" : ", ";
      first = false;
      if (text.size() > most) {
        text += "...";
        break;
      }
      one(element);
    }
    text += close;
  }
};

template <class T>
std::string textOfValue(const T& value) {
  ValueText text;
  text.add(value);
  return std::move(text.text);
}

/// Stands behind a comma: (value, EndOfExpression()) is the value's text; with nothing before the
/// comma but a void expression, it stays what it is. So temporaries live until the text is made.
struct EndOfExpression {
  operator std::string() const { return "done"; }
};
template <class T>
std::string operator,(T&& value, EndOfExpression) {
  return textOfValue(value);
}

} // namespace roam::detail
