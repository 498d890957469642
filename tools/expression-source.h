// What is typed at `roam eval` as a source file that can be compiled.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace roam::tools {

/// The name that the entry of an expression has in its object.
inline constexpr const char* expressionName = "eval";

/// A file with one live function, std::string(), that gives the text of the expression's value.
/// `expression` may have statements before it ("auto x = f(); x + 1"); when it ends with one, the
/// text is "done". `headers` are absolute paths. Errors of the compiler point into "expression" as
/// it was typed.
std::string sourceOfExpression(std::string_view expression,
                               const std::vector<std::string>& headers);

} // namespace roam::tools
