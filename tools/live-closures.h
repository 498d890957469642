// The functions marked [[roam::live("name")]] in object files, packed for a push.
#pragma once
#include "runtime/push.h"
#include <string>
#include <vector>

namespace roam::tools {

/// `objects` are the bytes of the files of one push; functions of one of them may call those of
/// others. In the order of the files. Throws std::runtime_error if a name is given to two
/// functions, with the places of both; and Refused if what one needs cannot travel: only the C and
/// C++ libraries are known to be on peers.
std::vector<PushedFunction> liveFunctionsIn(const std::vector<std::string>& objects);

} // namespace roam::tools
