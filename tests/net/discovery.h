// Discoveries of tests: what they found, and waiting for it.
#pragma once
#include "net/discovery.h"
#include "tests/net/peers.h"
#include "tests/support/temporary-folder.h"
#include <filesystem>
#include <fstream>
#include <functional>
#include <kj/async-io.h>

namespace roam::test {

/// A folder that peers find each other by.
class Folder : public TemporaryFolder {
 public:
  std::string place() const { return "dir:" + path(); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(file(name)) << text;
  }
  std::string text(const std::string& name) const {
    std::ifstream in(file(name));
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  bool has(const std::string& name) const { return std::filesystem::exists(file(name)); }
};

/// Turns the loop until the condition holds; a failed test if it does not within 20 s.
inline void await(kj::AsyncIoContext& io, const char* what, std::function<bool()> condition) {
  auto& timer = io.provider->getTimer();
  auto deadline = timer.now() + 20 * kj::SECONDS;
  while (!condition() && timer.now() < deadline)
    timer.afterDelay(1 * kj::MILLISECONDS).wait(io.waitScope);
  EXPECT_TRUE(condition()) << "waited 20 s in vain until " << what;
}

/// A discovery, with what it found and said.
class Looking {
 public:
  Looking(kj::AsyncIoContext& io, net::JoinOptions options)
      : discovery_(net::discover(io, log, options, [this](std::string address) {
          found.push_back(std::move(address));
        })) {}
  Looking(kj::AsyncIoContext& io, std::string where)
      : Looking(io, net::JoinOptions{.where = {std::move(where)}}) {}

  net::Discovery* operator->() { return discovery_.get(); }
  std::size_t times(const std::string& address) const {
    return std::count(found.begin(), found.end(), address);
  }
  /// How many log lines have these words.
  std::size_t lines(const std::string& words) const {
    return std::count_if(log.all.begin(), log.all.end(), [&](const std::string& line) {
      return line.find(words) != std::string::npos;
    });
  }

  std::vector<std::string> found;
  Lines log;

 private:
  kj::Own<net::Discovery> discovery_;
};

} // namespace roam::test
