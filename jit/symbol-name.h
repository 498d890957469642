// How digests and symbols of the JIT name each other: the entry of a slice is the symbol `roam.<64
// hex digits>`.
#pragma once
#include "jit/slice/digest.h"
#include <optional>
#include <string>
#include <string_view>

namespace roam::jit {

std::string symbolName(const Digest& entry);
/// Nothing if `name` is not the symbol of an entry.
std::optional<Digest> entryOf(std::string_view name);

/// What the variables of a slice are called that keep their value between calls.
std::string stateName(unsigned number);
/// What a function or constant is called whose address such a variable may keep.
std::string keptName(unsigned number);
/// True of both, and of what stands for a thread-local variable in an object.
bool isState(std::string_view name);

} // namespace roam::jit
