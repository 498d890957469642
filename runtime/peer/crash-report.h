// What a worker process that dies leaves in the memory it shares with its supervisor: by which
// signal, where, and the frames of its stack.
//
//     0  abort           libc.so.6     a frame of a library has a name
//     1                                one without a name is shipped code: its function begins at
//     2                                `function`, which for the entry's own is `entry`
//
// The dying process may have damaged all its memory, so the supervisor believes nothing of it: a
// report that makes no sense gives a stack that makes none.
#pragma once
#include "net/limits.h"
#include <array>
#include <atomic>
#include <cstdint>

namespace roam::peer {

struct CrashFrame {
  std::uint64_t address = 0;
  std::uint64_t function = 0; ///< where its function begins; 0 if nobody knows
  char name[104] = {};        ///< of the function, mangled; ended by NUL
  char library[40] = {};      ///< the file's name, without its folder; ended by NUL
};

struct CrashReport {
  enum class Stage : std::uint32_t { none, begun };
  std::atomic<Stage> stage; ///< begun: what stands before the frames is there
  std::int32_t signal;      ///< 0: the code called exit
  std::uint32_t isFault;    ///< the code did it itself; `address` is that of the memory
  std::uint32_t isOverflow; ///< of the stack
  std::uint64_t address;
  std::uint64_t element; ///< index in the whole job of the element that ran
  std::uint64_t entry;
  std::atomic<std::uint32_t> frames; ///< how many are there so far
  std::array<CrashFrame, limits::stackFrames> frame;
};

} // namespace roam::peer
