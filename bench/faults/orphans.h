// Programs that are killed in mid-map: what their peers still do for them.
#pragma once

namespace roam::bench {

/// Kills 200 programs, ten at a time, and prints how many of their tasks ran five seconds later.
/// Throws if the supervisor's memory has grown after the first batches.
void benchOrphans();

} // namespace roam::bench
