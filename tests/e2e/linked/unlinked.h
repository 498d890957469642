// What a program sends that is not linked into it.
#pragma once
#include <roam/live.h>
#include <string>

namespace roam::e2e {

/// Where it ran.
int processOfUnlinked(Cluster& cluster);
/// Binds the name to a function that gives where it runs.
void publishUnlinked(Cluster& cluster, const std::string& name);

} // namespace roam::e2e
