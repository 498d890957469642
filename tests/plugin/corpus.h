// Closures of different kinds, from which test programs are put together.
#pragma once
#include <string>
#include <vector>

namespace roam::plugin::testing {

struct CorpusClosure {
  std::string name;
  std::string lambda; ///< an expression over a, b, x, who, and here, of a local type
};

const std::vector<CorpusClosure>& corpus();

/// A translation unit that ships these closures, one a line, each with its name as a comment.
struct CorpusProgram {
  std::vector<CorpusClosure> closures = corpus();
  std::string before;                ///< code above, after the #includes
  std::string enclosing = "shipAll"; ///< the function around the lambdas
  std::string offset = "7";          ///< a constant in an inline function that `arithmetic` calls
  std::string text() const;
};

} // namespace roam::plugin::testing
