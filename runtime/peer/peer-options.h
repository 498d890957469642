// What can be chosen about a peer.
#pragma once
#include "jit/object-cache.h"
#include "net/discovery.h"
#include "net/limits.h"
#include "runtime/peer/confinement.h"
#include <cstdint>
#include <string>
#include <vector>

namespace roam::peer {

/// $XDG_CACHE_HOME/roam/objects, or ~/.cache/roam/objects; empty if there is no home.
std::string defaultCacheDirectory();
/// $XDG_STATE_HOME/roam, or ~/.local/state/roam; empty if there is no home.
std::string defaultStateDirectory();
/// The cores this process may use.
unsigned defaultWorkers();

struct PeerOptions {
  /// As net/address.h takes them. Port 0: the kernel chooses, and the peer says which.
  std::vector<std::string> listen = {"127.0.0.1:0"};
  /// Where to look for the other peers of its cluster, and whether to let them find this one.
  net::JoinOptions join;
  /// Addresses of members that must be there before this peer listens.
  std::vector<std::string> require;
  /// "etcd://HOST:PORT,...", or empty: the cluster's store is kept by the first of its peers.
  std::string store;
  /// Where the store is kept if this peer has it; empty: in memory. In its folder `repro`, calls
  /// that ended a worker are kept: see repro-folder.h; empty: nowhere.
  std::string stateDirectory;
  /// Chunks run at the same time, each in a process of its own.
  unsigned workers = defaultWorkers();
  /// Where compiled objects are kept; empty: not on disk.
  std::string cacheDirectory = defaultCacheDirectory();
  /// What that folder may take, in bytes.
  std::uint64_t cacheLimit = jit::ObjectCache::defaultLimit;
  /// Slices and compiled objects in the supervisor's memory, in bytes: two thirds are for slices.
  /// The code that a worker has loaded may take the other third once more.
  std::uint64_t memory = limits::storeBytes + limits::objectStoreBytes;
  /// What each worker process may have.
  Allowance workerAllowance = {.memory = halfOfMemory(), .files = 1024};
  /// Processor time of one chunk, in seconds; 0: no limit.
  unsigned workerCpuSeconds = 0;
  /// The peer ends when this descriptor, of a pipe or socket, comes to its end; -1: none. With it
  /// go the folders of its unix sockets, if nothing else is in them.
  int lifelineFd = -1;
  /// For what runs to end when the peer leaves, in seconds.
  unsigned drainSeconds = 30;
  std::string name;    ///< for people; empty: "host:pid"
  std::string version; ///< of Roam
  /// Shared libraries whose linked entries the workers run: paths. A peer does not start without
  /// them.
  std::vector<std::string> load;
  std::string workerExecutable;     ///< empty: see findWorker
  std::string compilerExecutable;   ///< empty: see findCompiler
  std::vector<std::string> bundles; ///< files, see jit/slice/bundle.h
  /// PEM files of public keys. If there are any, each bundle must be signed by one of them, and
  /// objects of origins and other peers are not taken.
  std::vector<std::string> acceptSigned;
  /// File to which the account of who did what is appended; empty: none is kept.
  std::string audit;
  /// Compiles again what runs much and was compiled quickly, or for any CPU.
  bool tunes = true;
};

/// The path of roam-worker: beside the running program, or in ../libexec/roam from there; in a
/// library, likewise from bin beside the library's folder. Throws std::runtime_error that says
/// where it was looked for.
std::string findWorker();
/// The same for roam-compiler.
std::string findCompiler();
/// The same for roam-clang.
std::string findClang();

} // namespace roam::peer
