// For 'auto x = f(); x + 1' and a header:
//
//     #include "/path/of/header.h"
//     [[roam::live("eval")]] std::string evaluated() {
//     #line 1 "expression"
//     auto x = f();
//     return (
//     #line 1 "expression"
//                  x + 1
//     #line 1 "end of the expression"
//     , roam::detail::EndOfExpression());
//     }
//
// Each piece stands in the line and column where it was typed, so that errors point at it.
#include "tools/expression-source.h"
#include <algorithm>
#include <cctype>
#include <fmt/format.h>

namespace roam::tools {
namespace {

/// Where what ends with a quote, a comment's end or a raw string's end, which begins at `at`, is
/// over; `at` if no such thing begins there.
std::size_t skipped(std::string_view text, std::size_t at) {
  auto after = [&](std::string_view end, std::size_t from) {
    std::size_t found = text.find(end, from);
    return found == text.npos ? text.size() : found + end.size();
  };
  std::string_view rest = text.substr(at);
  if (rest.starts_with("//"))
    return after("\n", at);
  if (rest.starts_with("/*"))
    return after("*/", at + 2);
  if (rest.starts_with("R\"")) {
    std::string end = ")";
    end += rest.substr(2, rest.find('(') == rest.npos ? 0 : rest.find('(') - 2);
    return after(end + '"', at + 2);
  }
  bool separatesDigits = rest.starts_with('\'') && at > 0 && std::isxdigit(text[at - 1]);
  if (rest.empty() || (rest[0] != '"' && rest[0] != '\'') || separatesDigits)
    return at;
  for (std::size_t i = at + 1; i < text.size(); ++i)
    if (text[i] == '\\')
      ++i;
    else if (text[i] == rest[0])
      return i + 1;
  return text.size();
}

/// After a '}': a block was before it, and not an object that more is said about, as in T{1}.x.
bool isNewBegin(std::string_view text, std::size_t at) {
  std::size_t next = text.find_first_not_of(" \t\n", at);
  return next != text.npos && (std::isalnum(static_cast<unsigned char>(text[next])) ||
                               text[next] == '_' || text[next] == '"');
}

/// Where the last expression begins: after the last ';' or block that is in no brackets.
std::size_t beginOfLast(std::string_view text) {
  std::size_t begin = 0, depth = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (std::size_t over = skipped(text, i); over > i) {
      i = over;
      continue;
    }
    char c = text[i++];
    if (c == '(' || c == '[' || c == '{')
      ++depth;
    else if ((c == ')' || c == ']' || c == '}') && depth > 0)
      --depth;
    if (depth == 0 && (c == ';' || (c == '}' && isNewBegin(text, i))))
      begin = i;
  }
  return begin;
}

/// The piece of `whole` that begins at `begin`, in its line and column.
std::string inPlace(std::string_view whole, std::size_t begin, std::size_t end) {
  std::string_view before = whole.substr(0, begin);
  std::size_t lineBegin = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
  return fmt::format("#line {} \"expression\"\n{}{}\n", std::ranges::count(before, '\n') + 1,
                     std::string(begin - lineBegin, ' '), whole.substr(begin, end - begin));
}

} // namespace

std::string sourceOfExpression(std::string_view expression,
                               const std::vector<std::string>& headers) {
  std::string source = "#include <roam/roam.h>\n#include <roam/value-text.h>\n#include <string>\n";
  for (const std::string& header : headers)
    source += fmt::format("#include \"{}\"\n", header);
  source +=
      fmt::format("[[roam::live(\"{}\")]] static std::string evaluated() {{\n", expressionName);
  std::size_t last = beginOfLast(expression);
  source += inPlace(expression, 0, last);
  if (expression.find_first_not_of(" \t\n", last) == expression.npos)
    source += "return roam::detail::EndOfExpression();\n";
  else
    source += "return (\n" + inPlace(expression, last, expression.size()) +
              "#line 1 \"end of the expression\"\n, roam::detail::EndOfExpression());\n";
  return source + "}\n";
}

} // namespace roam::tools
