// A gate: shipped code waits at it until the test opens it. Peers and test share the file system.
#pragma once
#include "tests/e2e/peers.h"
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <thread>

namespace roam::e2e {

/// Travels as a capture. What waits for longer than a test may take throws.
struct Entrance {
  std::string path;

  /// The gate is closed while the file is there.
  bool isOpen() const {
    struct stat found;
    return stat(path.c_str(), &found) != 0;
  }
  void wait() const {
    for (int milliseconds = 0; !isOpen(); ++milliseconds) {
      if (milliseconds == 60'000)
        throw std::runtime_error("the gate was not opened within a minute");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
};

/// Closed until it is opened, or destroyed.
class Gate {
 public:
  Gate() { std::fclose(std::fopen(entrance().path.c_str(), "w")); }
  Gate(const Gate&) = delete;
  void open() const { std::remove(entrance().path.c_str()); }
  Entrance entrance() const { return {folder_.path() + "/closed"}; }

 private:
  TemporaryFolder folder_;
};

} // namespace roam::e2e
