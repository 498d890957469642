// Entries that are machine code already: those of shared libraries that were compiled with the
// plugin's option `linked`, and that a peer was told to load.
//
//     libapp.so: roam_linked      digest of a slice -> its code, and whom that calls
//                roam_registry    digest of a slice -> what it needs
//
// A peer knows the code of an entry by its digest, or by that of its slice group if it needs more
// than its slice: the group is put together here as the origin does it. Only if all code of a group
// is that of its slices, an entry is found under it.
#pragma once
#include "jit/slice/digest.h"
#include "jit/slice/manifest.h"
#include "roam/entry.h"
#include "roam/linked.h"
#include "runtime/code-packing.h"
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace roam::peer {

/// The table of the executable or library that the sections are of.
LinkedTable tableOf(const detail::LinkedSections& sections);

class LinkedEntries {
 public:
  /// Loads a shared library, for good, and finds its entries. Its constructors run, on this thread.
  /// Throws std::runtime_error that says why, and names the library: it can't be loaded, or has no
  /// linked entries.
  void load(const std::string& path);
  /// Finds the entries of a table whose library stays loaded. Gives their number.
  std::size_t add(const LinkedTable& table);

  bool has(const Digest& digest) const { return entries_.contains(digest); }
  /// The function; null if no library has the entry. The first time, the variables of the slice are
  /// initialised. Throws std::runtime_error if an initialiser threw. Callable from any thread.
  EntryFunction* find(const Digest& digest);

  /// In no order.
  std::vector<Digest> digests() const;

 private:
  struct Entry {
    EntryFunction* function;
    void (*init)();      ///< null once it was called
    std::string failure; ///< of the initialisation
  };

  static void initialise(const Digest& digest, Entry& entry);

  CodePacker packer_;
  std::mutex initMutex_;
  std::unordered_map<Digest, Entry> entries_;
};

} // namespace roam::peer
