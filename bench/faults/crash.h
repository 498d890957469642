// Shipped code that ends the worker that runs it, in every way there is.
#pragma once

namespace roam::bench {

/// Prints crash-contained and crash-next-ms.
void benchCrashes();
/// Prints poison-workers.
void benchPoison();

} // namespace roam::bench
