// Two peers for all tests of a program that only use them.
#pragma once
#include "tests/e2e/peers.h"
#include <roam/roam.h>

namespace roam::e2e {

/// A cluster of two peers with one worker each, started for the first test and ended after the
/// last.
class SharedPeers : public EndToEnd {
 public:
  static void SetUpTestSuite() {
    peers_ = std::make_unique<Peers>(2);
    cluster_ = std::make_unique<Cluster>(connect(peers_->addresses()));
  }
  static void TearDownTestSuite() {
    cluster_ = nullptr;
    peers_ = nullptr;
  }

 protected:
  static Cluster& cluster() { return *cluster_; }
  static Peers& peers() { return *peers_; }

 private:
  static inline std::unique_ptr<Peers> peers_;
  static inline std::unique_ptr<Cluster> cluster_;
};

/// What the loop gives that Cluster::map stands for.
template <class Range, class F>
auto loop(const Range& range, F f) {
  std::vector<std::remove_cvref_t<decltype(f(*std::begin(range)))>> results;
  for (auto&& element : range)
    results.push_back(f(element));
  return results;
}

} // namespace roam::e2e
