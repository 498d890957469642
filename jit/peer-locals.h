// The storage of peer-local variables: one instance in this process, whichever slice asks.
#pragma once
#include <cstddef>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace roam::jit {

namespace limits {
/// Bytes of one variable. Larger ones are tables that a program should allocate.
inline constexpr std::size_t peerLocalBytes = std::size_t(256) << 20;
/// Bytes: a page. No type asks for more.
inline constexpr std::size_t peerLocalAlignment = 4096;
} // namespace limits

/// Owned by the session; ends after every slice. Callable from any thread.
class PeerLocals {
 public:
  /// The storage of the variable that a symbol (slice/peer-local-name.h) names, zeroed when it is
  /// asked for first. Valid as long as this object. Throws std::runtime_error, in words that follow
  /// "slice ...", if the name is damaged, the variable too large, or known with another size or
  /// type.
  void* find(const std::string& symbol);

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  struct Variable {
    std::size_t size = 0, alignment = 0;
    std::string type;
    std::unique_ptr<void, Free> storage;
  };

  std::mutex mutex_;
  std::map<std::string, Variable> variables_;
};

} // namespace roam::jit
