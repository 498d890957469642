// What this machine's CPU is and can do, as objects name it.
#pragma once
#include "jit/slice/compiled-object.h"

namespace roam::jit {

/// The target of tuned code for this machine; any object whose target has a refusal on it does not
/// run here. Takes about 20 us.
ObjectTarget hostTarget();

/// The target of tuned code for a CPU by LLVM's name: "x86-64-v3", "znver4"; "native" is
/// hostTarget(). Throws std::runtime_error if LLVM knows no such CPU.
ObjectTarget targetNamed(const std::string& cpu);

} // namespace roam::jit
