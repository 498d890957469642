// Makes a program of objects, with libroam.
#pragma once
#include <string>
#include <vector>

namespace roam::tools {

/// Links with the compiler found on PATH; `words` are added to its command ("-lz"). The program
/// finds libroam where this command has it. Throws std::runtime_error about what is missing, or
/// with what the linker said.
void linkProgram(const std::string& program, const std::vector<std::string>& objects,
                 const std::vector<std::string>& words);

} // namespace roam::tools
