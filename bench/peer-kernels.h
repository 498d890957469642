// Kernels on a peer against the same kernels in this program.
#pragma once
#include <string>

namespace roam::bench {

/// Prints "kernel-" `name`: saxpy, dot, poly or bs.
void benchKernel(const std::string& name);

} // namespace roam::bench
