// Names for people.
#pragma once
#include <string>

namespace roam {

/// The name as it is written in the source; unchanged if it is not a mangled one.
std::string demangled(const std::string& symbol);

} // namespace roam
