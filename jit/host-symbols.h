// Which symbols of this process a slice may bind to, and why.
//
// A slice carries all code of the program it was cut from, so what it leaves undefined belongs to
// shared libraries: libc, libstdc++, libgcc_s, and the libraries of the program. It may bind to
// whatever those export. It may not bind to what only the executable defines: that would be our own
// code, and would break on a peer linked in another way. A few names exist once per program or only
// in static libraries, and are defined here.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace roam::jit {

class ExitList;

/// Resolves undefined symbols of slices. Callable from any thread; about 1 us a name.
class HostSymbols {
 public:
  /// `exits` receives the destructors that slices register; it outlives every call into them.
  explicit HostSymbols(ExitList& exits);
  ~HostSymbols();

  /// Loads a shared library, if it is not yet, for the rest of the process. Gives what is wrong if
  /// that can't be done.
  static std::optional<std::string> load(const std::string& soname);

  /// The address of `name` in this process, valid until its library is closed; null if a slice may
  /// not bind to it.
  void* find(const std::string& name);

 private:
  struct ThreadLocal;

  void* findLocal(const std::string& name);
  void* findShared(const std::string& name) const;
  void* findThreadLocal(const std::string& variable);
  static void* threadLocalAddress(void* control);

  ExitList& exits_;
  std::uintptr_t programBegin_ = 0, programEnd_ = 0; ///< the executable in memory
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<ThreadLocal>> threadLocals_;
};

} // namespace roam::jit
