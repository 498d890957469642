// What `roam peer` is told of its workers: limits, sandbox, and whether they may be root's.
#pragma once
#include "runtime/configuration.h"
#include "runtime/peer/peer-options.h"

namespace roam::tools {

/// Throws ConfigurationError, which names the place, for what is no number or no size, and if this
/// process is root's and that is not allowed.
void takeWorkerSettings(const Configuration& configuration, peer::PeerOptions& options);

} // namespace roam::tools
