// Destructors of a slice's static and thread-local objects: run when the slice is unloaded, not
// when the process ends.
//
// A function-local static with a destructor makes compiled code call __cxa_atexit(destructor,
// object, &__dso_handle), and a thread_local __cxa_thread_atexit. Given to the C library these
// calls would come after the code was unloaded. Slices are bound to the functions here instead, and
// their __dso_handle is the ExitList of the session. A static object lies in the memory of its
// slice, which tells whose it is; so do the destructor of a thread-local and a function given to
// std::atexit (slice-module.cpp). Peer-local variables lie outside of slices, and are destroyed
// when the session ends.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <vector>

namespace roam::jit {

/// What slices of one session left to be destroyed. Must outlive every call into them. Callable
/// from any thread.
class ExitList {
 public:
  /// The slice in [begin, end) is loaded.
  void enter(std::uintptr_t begin, std::uintptr_t end);

  /// The slice at `begin` is about to be unloaded: destroys its statics on this thread, the
  /// youngest first. Its thread-locals that other threads still have are not destroyed (their
  /// memory goes with the thread).
  void leave(std::uintptr_t begin);

  /// The session ends: destroys what lies in no slice, the youngest first.
  void leaveAll();

  /// What slices call as __cxa_atexit and __cxa_thread_atexit; `list` is their __dso_handle, an
  /// ExitList.
  static int atExit(void (*destroy)(void*), void* object, void* list);
  static int atThreadExit(void (*destroy)(void*), void* object, void* list);

 private:
  struct Exit {
    void (*destroy)(void*);
    void* object;
  };
  /// Shared with thread-local objects, which may outlive the slice and the list.
  struct Life {
    std::shared_mutex mutex; ///< held while a thread destroys an object
    bool ended = false;
  };
  struct Slice {
    std::uintptr_t end = 0;
    std::shared_ptr<Life> life; ///< made when the first thread-local asks
    std::vector<Exit> exits;    ///< in the order of registration
  };
  struct ThreadExit;

  /// The slice whose memory holds `address`, or null. The mutex is held.
  Slice* find(const void* address);

  std::mutex mutex_;
  std::map<std::uintptr_t, Slice> slices_; ///< by first address
  std::vector<Exit> others_;               ///< of peer-local variables
};

} // namespace roam::jit
