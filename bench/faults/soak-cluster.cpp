#include "bench/faults/soak-cluster.h"
#include "bench/measure.h"
#include <arpa/inet.h>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <kj/async-io.h>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace roam::bench {
namespace {

/// That nobody listens at now.
std::uint16_t freePort() {
  int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(probe, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      getsockname(probe, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    throw std::runtime_error("no port is free");
  close(probe);
  return ntohs(address.sin_port);
}

std::vector<pid_t> childrenOf(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/task/" + std::to_string(process) +
                     "/children");
  return {std::istream_iterator<pid_t>(file), {}};
}

} // namespace

std::size_t descriptorsOf(pid_t process) {
  std::filesystem::directory_iterator all("/proc/" + std::to_string(process) + "/fd"), end;
  return std::size_t(std::distance(all, end));
}

// --- proxies -------------------------------------------------------------------------------------

CuttingProxies::CuttingProxies(const std::vector<std::uint16_t>& ports) {
  auto own = kj::setupAsyncIo();
  auto started = kj::newPromiseAndCrossThreadFulfiller<void>();
  thread_ = std::thread([this, ports, &fulfiller = started.fulfiller] {
    auto io = kj::setupAsyncIo();
    auto stopped = kj::newPromiseAndCrossThreadFulfiller<void>();
    stop_ = kj::mv(stopped.fulfiller);
    executor_ = kj::getCurrentThreadExecutor().addRef();
    for (auto port : ports) {
      proxies_.push_back(std::make_unique<test::CuttingProxy>(io, port));
      addresses_ += (addresses_.empty() ? "" : ",") + proxies_.back()->address();
    }
    fulfiller->fulfill();
    stopped.promise.wait(io.waitScope);
    proxies_.clear();
  });
  started.promise.wait(own.waitScope);
}

CuttingProxies::~CuttingProxies() {
  stop_->fulfill();
  thread_.join();
}

void CuttingProxies::cut(std::size_t index) {
  executor_->executeSync([&] { proxies_[index]->cut(); });
}

// --- peers ---------------------------------------------------------------------------------------

SoakCluster::SoakCluster(std::uint64_t seed) : chance_(seed) {
  for (std::size_t i = 0; i < size; ++i)
    ports_.push_back(freePort());
  for (std::size_t i = 0; i < size; ++i) {
    start(i);
    peers_[i]->line(); // it listens, and is a member
  }
  proxies_ = std::make_unique<CuttingProxies>(ports_);
}

void SoakCluster::start(std::size_t index) {
  auto at = [&](std::size_t i) { return "127.0.0.1:" + std::to_string(ports_[i]); };
  std::vector<std::string> words = {roamCommand(), "peer",    "--allow-root",
                                    "--listen",    at(index), "--workers",
                                    "1",           "--cache", folder_.file("objects")};
  if (index > 0)
    words.insert(words.end(), {"--join", at(0)});
  peers_[index].reset(); // it may still hold the port
  peers_[index] = std::make_unique<test::ChildProcess>(words, folder_.file("errors"));
}

/// What is due, and once in a second or so something new.
void SoakCluster::disturb() {
  for (std::size_t i = 0; i < size; ++i) {
    if (auto due = restarts_.find(i); due != restarts_.end() && now() >= due->second) {
      restarts_.erase(due);
      start(i);
    }
    if (auto due = resumes_.find(i); due != resumes_.end() && now() >= due->second) {
      resumes_.erase(due);
      ::kill(peers_[i]->id(), SIGCONT);
    }
  }
  std::erase_if(slowed_, [](auto& slowed) {
    return now() >= slowed.second && (::kill(slowed.first, SIGCONT), true);
  });
  if (now() < next_)
    return;
  next_ = now() + seconds(0.2, 2);
  fault();
}

void SoakCluster::fault() {
  const std::size_t index = chance_() % size;
  if (restarts_.contains(index) || resumes_.contains(index))
    return;
  ++faults_;
  const pid_t process = peers_[index]->id();
  switch (chance_() % 5) {
  case 0:
    if (index == 0)
      break;
    peers_[index]->kill();
    restarts_[index] = now() + seconds(0.1, 3);
    break;
  case 1:
    ::kill(process, SIGSTOP);
    resumes_[index] = now() + seconds(0.1, index == 0 ? 1 : 6);
    break;
  case 2:
    if (auto workers = childrenOf(process); !workers.empty())
      slowed_.emplace_back(workers[chance_() % workers.size()], now() + seconds(0.1, 3));
    if (!slowed_.empty())
      ::kill(slowed_.back().first, SIGSTOP);
    break;
  case 3:
    proxies_->cut(index);
    break;
  case 4:
    if (index == 0)
      break;
    ::kill(process, SIGTERM);
    restarts_[index] = now() + seconds(1, 3);
    break;
  }
}

void SoakCluster::heal() {
  for (auto& [index, when] : resumes_)
    ::kill(peers_[index]->id(), SIGCONT);
  resumes_.clear();
  for (auto& [worker, when] : slowed_)
    ::kill(worker, SIGCONT);
  slowed_.clear();
  for (auto& [index, when] : restarts_)
    start(index);
  restarts_.clear();
}

} // namespace roam::bench
