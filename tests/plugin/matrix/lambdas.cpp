// The reader of lambda files.
#include "tests/plugin/matrix/lambdas.h"
#include <fstream>
#include <stdexcept>

namespace roam::plugin::matrix {
namespace {

Edit readEdit(const std::string& line) {
  size_t colon = line.find(": "), arrow = line.find(" => ");
  if (colon == std::string::npos || arrow == std::string::npos)
    throw std::runtime_error("no edit: " + line);
  return {line.substr(2, colon - 2), line.substr(colon + 2, arrow - colon - 2),
          line.substr(arrow + 4)};
}

/// Replaces a text if it occurs once; false if it does not occur.
bool replaceOnce(std::string& in, const Edit& edit) {
  size_t at = in.find(edit.from);
  if (at == std::string::npos)
    return false;
  if (in.find(edit.from, at + 1) != std::string::npos)
    throw std::runtime_error("occurs twice: " + edit.from);
  in.replace(at, edit.from.size(), edit.to);
  return true;
}

} // namespace

Lambda Lambda::edited(const Edit& edit) const {
  Lambda changed = *this;
  bool declared = replaceOnce(changed.declarations, edit);
  bool expressed = replaceOnce(changed.expression, edit);
  if (declared == expressed)
    throw std::runtime_error(name + (declared ? " has it twice: " : " has no ") + edit.from);
  return changed;
}

std::vector<Lambda> readLambdas(const std::string& file) {
  std::ifstream in(std::string(ROAM_MATRIX_FOLDER "/") + file);
  std::vector<Lambda> lambdas;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("== "))
      lambdas.push_back({.name = line.substr(3)});
    else if (line.empty())
      continue;
    else if (lambdas.empty())
      break;
    else if (Lambda& lambda = lambdas.back();
             line.starts_with("#include") || line.starts_with("#define"))
      lambda.includes.push_back(line);
    else if (line.starts_with("ship "))
      lambda.expression = line.substr(5);
    else if (line.starts_with("- "))
      lambda.edits.push_back(readEdit(line));
    else if (!lambda.expression.empty()) // goes on
      lambda.expression += line.substr(line.find_first_not_of(' ') - 1);
    else
      lambda.declarations += line + "\n";
  }
  if (lambdas.empty())
    throw std::runtime_error("no lambdas in " + file);
  return lambdas;
}

const std::vector<Lambda>& allLambdas() {
  static const std::vector<Lambda> all = [] {
    std::vector<Lambda> lambdas = readLambdas("language.txt");
    for (Lambda& lambda : readLambdas("library.txt"))
      lambdas.push_back(std::move(lambda));
    return lambdas;
  }();
  return all;
}

} // namespace roam::plugin::matrix
