// Closures that a program sends, and that a library of the same source brings along linked.
#pragma once
#include <roam/roam.h>
#include <string>
#include <vector>

#define ROAM_TEST_EXPORT __attribute__((visibility("default")))

namespace roam::e2e {

ROAM_TEST_EXPORT std::vector<int> multiplied(Cluster& cluster, const std::vector<int>& numbers);
ROAM_TEST_EXPORT std::vector<std::string> greeted(Cluster& cluster,
                                                  const std::vector<std::string>& names);
ROAM_TEST_EXPORT std::vector<double> rounded(Cluster& cluster, const std::vector<double>& numbers);
ROAM_TEST_EXPORT std::vector<int> charged(Cluster& cluster, const std::vector<int>& pieces);
ROAM_TEST_EXPORT int thrown(Cluster& cluster);

/// In fees.cpp.
int feeFor(int pieces);

} // namespace roam::e2e
