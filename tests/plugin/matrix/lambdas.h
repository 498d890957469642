// The lambdas of the stability matrix, each with edits that change what it means.
#pragma once
#include <string>
#include <vector>

namespace roam::plugin::matrix {

/// A change of a lambda's meaning: a text that occurs once in it, and what stands there afterwards.
struct Edit {
  std::string kind; ///< constant, operator, callee, captured type, ...
  std::string from, to;
};

struct Lambda {
  std::string name;
  std::vector<std::string> includes; ///< and other directives, whole lines
  std::string declarations;
  /// May name what the function around it has: int a, int b, double x, std::string who.
  std::string expression;
  std::vector<Edit> edits;

  /// Throws std::runtime_error if the edit's text does not occur just once.
  Lambda edited(const Edit& edit) const;
};

/// Reads lambdas from a text file next to this one, like
///
///     == name
///     #include <...>
///     inline int declared(int n) { ... }
///     ship [a, b] { ... }
///     - constant: 42 => 43
///
/// Throws std::runtime_error that names the file.
std::vector<Lambda> readLambdas(const std::string& file);

/// All of language.txt and library.txt.
const std::vector<Lambda>& allLambdas();

} // namespace roam::plugin::matrix
