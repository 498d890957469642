// What a process that works on code of others gives up before it begins.
//
// Always: privileges by setuid programs (no-new-privileges), core dumps, life without its
// supervisor, and safety from the kernel when memory runs out: it is picked before the supervisor.
// By its allowance: memory, open files, processes. By choice: the file system, the network and
// other processes (sandbox.h).
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace roam::peer {

enum class Sandbox : std::uint32_t {
  none,
  filter, ///< of system calls alone: where the kernel gives no namespaces
  full
};

/// What a process may have. 0: as much as the user may.
struct Allowance {
  /// Bytes that it may allocate, its threads' stacks included, but not memory that it shares.
  std::uint64_t memory = 0;
  std::uint32_t files = 0;     ///< open at the same time
  std::uint32_t processes = 0; ///< and threads, of its user; see docs/security.md
  Sandbox sandbox = Sandbox::none;
};

/// Confines this process for good. To be called while it has one thread. In a sandbox it still
/// reads the folders of the system's libraries, of its own program, and `folders`. Throws
/// std::system_error, whose text says what can't be done.
void confine(const Allowance& allowance, const std::vector<std::string>& folders);

/// Bytes of a process that count for Allowance::memory; 0 if the kernel does not say.
std::size_t memoryAllocated(pid_t process);

/// Half of this machine's memory, or of what its control group may use.
std::uint64_t halfOfMemory();

} // namespace roam::peer
