// The processes of a soak, and what a seed does to them.
#pragma once
#include "bench/peers.h"
#include "tests/support/child-process.h"
#include "tests/support/cutting-proxy.h"
#include <map>
#include <memory>
#include <random>
#include <thread>

namespace roam::bench {

/// Connections that can be cut, on a thread of its own.
class CuttingProxies {
 public:
  explicit CuttingProxies(const std::vector<std::uint16_t>& ports);
  ~CuttingProxies();
  CuttingProxies(const CuttingProxies&) = delete;

  const std::string& addresses() const { return addresses_; }
  void cut(std::size_t index);

 private:
  std::string addresses_;
  std::vector<std::unique_ptr<test::CuttingProxy>> proxies_; ///< of the thread
  kj::Own<const kj::Executor> executor_;
  kj::Own<kj::CrossThreadPromiseFulfiller<void>> stop_;
  std::thread thread_;
};

/// Four peers at fixed ports. The first keeps the store, and is never killed: its descriptors and
/// memory tell what is leaked. Call on one thread: peers end with the thread that started them.
class SoakCluster {
 public:
  static constexpr std::size_t size = 4;

  explicit SoakCluster(std::uint64_t seed);

  /// For programs; connections go through proxies, or not.
  std::string addresses() const { return proxies_->addresses(); }
  pid_t keeper() const { return peers_[0]->id(); }
  /// Does what is due, and makes the next fault when its time has come.
  void disturb();
  /// Everything that stands still goes on, and all peers are there.
  void heal();
  unsigned faults() const { return faults_; }

 private:
  void start(std::size_t index);
  void fault();
  double seconds(double least, double most) {
    return std::uniform_real_distribution(least, most)(chance_);
  }

  TemporaryFolder folder_;
  std::mt19937_64 chance_;
  std::vector<std::uint16_t> ports_;
  std::unique_ptr<test::ChildProcess> peers_[size];  ///< null while one is down
  std::map<std::size_t, double> restarts_, resumes_; ///< when, by peer
  std::vector<std::pair<pid_t, double>> slowed_;     ///< workers that stand still, and until when
  std::unique_ptr<CuttingProxies> proxies_;
  double next_ = 0;
  unsigned faults_ = 0;
};

/// Open descriptors of a process.
std::size_t descriptorsOf(pid_t process);

} // namespace roam::bench
