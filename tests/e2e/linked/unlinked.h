// What a program sends that is not linked into it.
#pragma once
#include <roam/roam.h>

namespace roam::e2e {

/// Where it ran.
int processOfUnlinked(Cluster& cluster);

} // namespace roam::e2e
