// What a process that this one starts is given: descriptors, signals, words.
#pragma once
#include <csignal>
#include <spawn.h>
#include <string>
#include <vector>

namespace roam::net {

/// For one start. Whatever is not said here the child has as this process does; descriptors with
/// close-on-exec stay here.
class ChildStart {
 public:
  ChildStart();
  ~ChildStart();
  ChildStart(const ChildStart&) = delete;
  ChildStart& operator=(const ChildStart&) = delete;

  /// Its standard input is empty.
  void giveNoInput();
  /// Our descriptor, under the number `theirs`, which may be the same; also one with close-on-exec.
  void give(int ours, int theirs);
  /// Of the numbers from `first` on it gets none.
  void giveNoneFrom(int first);
  /// It leads a process group: Ctrl-C in the terminal does not reach it.
  void leadGroup();
  /// What it blocks when it starts.
  void block(const sigset_t& signals);
  /// Signals as a program started by hand has them, whatever this process blocks or ignores.
  void resetSignals();

  /// With our environment; `words` begin with the name it sees as its own. Gives an error number,
  /// or 0 and the process.
  int start(const std::string& program, std::vector<std::string> words, pid_t& process);

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
  short flags_ = 0;
};

} // namespace roam::net
