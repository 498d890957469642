// etcd cannot tell its gateway of a port that the kernel chooses as it starts, so the kernel is
// asked before; if another program takes the port meanwhile, for another.
#include "tests/support/etcd-process.h"
#include <cerrno>
#include <fstream>
#include <iterator>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace roam::test {
namespace {

std::uint16_t freePort() {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::system_error(errno, std::generic_category(), "bind");
  close(fd);
  return ntohs(address.sin_port);
}

std::string at(std::uint16_t port) {
  return "http://127.0.0.1:" + std::to_string(port);
}

std::string contentOf(const std::string& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

} // namespace

EtcdProcess::EtcdProcess(std::string folder, std::vector<std::string> options)
    : folder_(std::move(folder)), options_(std::move(options)) {
  for (int tries = 0; tries < 5; ++tries) {
    port_ = freePort();
    peerPort_ = freePort();
    if (start())
      return;
  }
  throw std::runtime_error("etcd does not start: " + contentOf(folder_ + "/log"));
}

void EtcdProcess::killAndRestart() {
  process_->kill();
  if (!start())
    throw std::runtime_error("etcd does not start again: " + contentOf(folder_ + "/log"));
}

/// False if it ended instead of serving.
bool EtcdProcess::start() {
  const std::string log = folder_ + "/log";
  std::vector<std::string> words{"etcd",
                                 "--name",
                                 "test",
                                 "--data-dir",
                                 folder_ + "/data",
                                 "--listen-client-urls",
                                 at(port_),
                                 "--advertise-client-urls",
                                 at(port_),
                                 "--listen-peer-urls",
                                 at(peerPort_),
                                 "--initial-advertise-peer-urls",
                                 at(peerPort_),
                                 "--initial-cluster",
                                 "test=" + at(peerPort_),
                                 "--logger",
                                 "zap"};
  words.insert(words.end(), options_.begin(), options_.end());
  process_ = std::make_unique<ChildProcess>(words, log);
  for (int looks = 0; looks < 3000; ++looks) {
    if (contentOf(log).find("serving client traffic") != std::string::npos)
      return true;
    if (!process_->runs())
      return false;
    poll(nullptr, 0, 10);
  }
  return false;
}

} // namespace roam::test
