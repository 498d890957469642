// The files of the repository, as text: what a clone holds, without build folders.
#pragma once
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace roam::test {

struct TreeFile {
  std::string path; ///< from the root of the repository: "jit/session.h"
  std::vector<std::string> lines;
  bool endsWithNewline = false;

  bool isUnder(std::string_view folder) const;
  std::string name() const;
  std::string extension() const; ///< with the dot, or ""
  bool isHeader() const { return extension() == ".h"; }
  bool isSource() const { return isHeader() || extension() == ".cpp"; }
};

/// Every file, in the order of paths. Read once a process, so that each test sees the same.
const std::vector<TreeFile>& tree();

/// "jit/session.h:12", for messages.
std::string place(const TreeFile& file, std::size_t line);

/// What the line includes, with its quotes or brackets; "" if it includes nothing.
std::string includedBy(const std::string& line);

/// The lines one below another, or "" if there are none: what a test expects.
std::string listed(const std::vector<std::string>& findings);

} // namespace roam::test
