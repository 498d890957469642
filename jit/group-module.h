// From the members of a slice group to one module, as if they had been one slice.
#pragma once
#include "jit/slice/slice-group.h"
#include <llvm/IR/Module.h>
#include <memory>
#include <vector>

namespace roam::jit {

/// What an object says of the libraries its code needs: soname, NUL, symbol, NUL, and so on. So
/// that they are loaded also where no slice is read, but an object that was compiled before.
inline constexpr const char* librariesSection = ".roam.libraries";

/// Links the modules of the group's members, in their order, before any optimisation: calls between
/// files are inlined like others. The entry keeps the name entrySymbol; one initSymbol initialises
/// the variables of all members, those of the functions that a member uses before its own. Throws
/// std::runtime_error if they don't fit together.
std::unique_ptr<llvm::Module> joinMembers(const SliceGroup& group,
                                          std::vector<std::unique_ptr<llvm::Module>> members);

/// Defines `roamTarget` (peer-symbols.h) if the module declares it.
void defineTargets(llvm::Module& module, const std::vector<std::string>& targets);

/// Writes the section named above, if there are any.
void noteLibraries(llvm::Module& module, const std::vector<SliceGroup::Library>& libraries);

} // namespace roam::jit
