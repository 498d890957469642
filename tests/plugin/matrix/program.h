// A source file that holds lambdas of the matrix, and the many ways to write and compile it.
#pragma once
#include "jit/slice/digest.h"
#include "tests/plugin/matrix/lambdas.h"
#include <map>

namespace roam::plugin::matrix {

/// The digest of each lambda, by its name.
using Digests = std::map<std::string, Digest>;

/// How a file is written, and how it is compiled. None of it changes what the lambdas mean.
struct Build {
  std::string flags = "-O2";
  std::string file = "program.cpp"; ///< with its folder; folders are made
  std::string before;               ///< text between the includes and the lambdas' declarations
  std::string open = "void lambdas(int a, int b, double x, std::string who) {"; ///< one line
  std::string close = "}";
  bool reversed = false;    ///< the lambdas in the opposite order
  bool renamed = false;     ///< every local variable has another name
  bool commented = false;   ///< comments and line ends after each statement
  bool precompiled = false; ///< the includes come from a precompiled header
  bool cached = false;      ///< ccache gives the object, made by an earlier compilation
  bool linked = false;      ///< the digests are read from a linked library, not from the object

  std::string textOf(const std::vector<Lambda>& lambdas) const;
  /// Throws std::runtime_error with what the compiler said.
  Digests compile(const std::vector<Lambda>& lambdas) const;
};

/// Names of the lambdas whose digest is not the same in both, or that only `before` has.
std::vector<std::string> moved(const Digests& before, const Digests& after);

} // namespace roam::plugin::matrix
