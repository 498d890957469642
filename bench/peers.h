// Peers for measurements: `roam peer` processes on 127.0.0.1, one worker each.
#pragma once
#include "tests/support/temporary-folder.h"
#include <string>
#include <sys/types.h>
#include <vector>

namespace roam::bench {

using test::TemporaryFolder;

/// The path of this program, and that of the `roam` beside it.
std::string thisProgram();
std::string roamCommand();

/// Starts that many peers over TCP; their object caches are the folders `cache`-0, `cache`-1, ...,
/// or none if `cache` is empty.
/// Ends them with the object. `more`: further options of `roam peer`.
class Peers {
 public:
  Peers(unsigned count, const std::string& cache, const std::vector<std::string>& more = {});
  ~Peers();
  Peers(const Peers&) = delete;
  /// For roam::connect.
  const std::string& addresses() const { return addresses_; }
  const std::vector<pid_t>& processes() const { return processes_; }

 private:
  std::vector<pid_t> processes_;
  std::string addresses_;
};

/// The closures of this program with objects for this machine, as a bundle.
void bundleOfThisProgram(const std::string& path);

} // namespace roam::bench
