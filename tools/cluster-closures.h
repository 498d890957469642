// The closures that a running cluster has used, for a bundle.
#pragma once
#include "jit/slice/bundle-writer.h"
#include <string>
#include <vector>

namespace roam::tools {

/// Adds the code that the peers at these addresses have run, with the number of chunks they did of
/// it as its weight. Returns a line for each peer that does not answer, and for each code that none
/// of them holds any more, or that they have in a bundle or linked. Throws kj::Exception if no peer
/// answers.
std::vector<std::string> addCluster(BundleWriter& bundle,
                                    const std::vector<std::string>& addresses);

} // namespace roam::tools
