// What leaves digests alone, and whether it does.
#pragma once
#include "tests/plugin/matrix/program.h"
#include <functional>

namespace roam::plugin::matrix {

/// One way to write and compile the lambdas that must give the digests of every other way.
struct Benign {
  std::string row; ///< of the table in docs/identity.md
  std::string name;
  std::function<Digests(const std::vector<Lambda>&)> compile;
};

/// Every row of the table, in its order; some rows are several changes.
std::vector<Benign> benignChanges();
/// Few compilations that make most of these changes at once. Where one of them fails,
/// `benignChanges` tells which change did it.
std::vector<Benign> combinedChanges();

/// One compilation that did not give what it should.
struct Finding {
  std::string change;
  std::vector<std::string>
      lambdas;       ///< those that moved and should not have, or the other way round
  std::string error; ///< what the compiler said, if it failed

  std::string text() const;
};

/// Compiles on as many threads as there are processors.
std::vector<Finding> unstableUnder(const std::vector<Benign>& changes, const Digests& reference);

/// Which edits a compilation makes: those of a lambda, by their numbers.
struct EditedLambda {
  size_t lambda, edit;
};
/// One compilation for each set of edits, that must move the lambdas it edits and no other.
std::vector<Finding> unseenIn(const std::vector<std::vector<EditedLambda>>& compilations,
                              const Digests& reference);
/// Every edit of every lambda, by itself.
std::vector<std::vector<EditedLambda>> everyEdit();
/// The first edit of every second lambda, and of the others.
std::vector<std::vector<EditedLambda>> firstEdits();

} // namespace roam::plugin::matrix
