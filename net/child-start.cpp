// By posix_spawn: a fork would copy the page tables of a program with much memory.
#include "net/child-start.h"
#include <fcntl.h>
#include <unistd.h>

extern char** environ;

namespace roam::net {

ChildStart::ChildStart() {
  posix_spawn_file_actions_init(&files_);
  posix_spawnattr_init(&attributes_);
}

ChildStart::~ChildStart() {
  posix_spawn_file_actions_destroy(&files_);
  posix_spawnattr_destroy(&attributes_);
}

void ChildStart::giveNoInput() {
  posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
}

void ChildStart::give(int ours, int theirs) {
  posix_spawn_file_actions_adddup2(&files_, ours, theirs);
}

void ChildStart::giveNoneFrom(int first) {
  posix_spawn_file_actions_addclosefrom_np(&files_, first);
}

void ChildStart::leadGroup() {
  posix_spawnattr_setpgroup(&attributes_, 0);
  flags_ |= POSIX_SPAWN_SETPGROUP;
}

void ChildStart::block(const sigset_t& signals) {
  posix_spawnattr_setsigmask(&attributes_, &signals);
  flags_ |= POSIX_SPAWN_SETSIGMASK;
}

void ChildStart::resetSignals() {
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  block(none);
  posix_spawnattr_setsigdefault(&attributes_, &all);
  flags_ |= POSIX_SPAWN_SETSIGDEF;
}

int ChildStart::start(const std::string& program, std::vector<std::string> words, pid_t& process) {
  std::vector<char*> arguments;
  for (std::string& word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawnattr_setflags(&attributes_, flags_);
  return posix_spawn(&process, program.c_str(), &files_, &attributes_, arguments.data(), environ);
}

} // namespace roam::net
