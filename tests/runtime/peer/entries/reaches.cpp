// Tries what the captured text says: a word, and what follows it. Gives back 0, or the error
// number.
#include "entry-main.h"
#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <string>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

int errorOf(long result) {
  return result < 0 ? errno : 0;
}

int opened(const std::string& path, int flags) {
  int file = open(path.c_str(), flags, 0600);
  int error = errorOf(file);
  close(file);
  return error;
}

int connected(int port) {
  int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  if (socket < 0)
    return errno;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int error = errorOf(connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address));
  close(socket);
  return error;
}

int readMemory(int process) {
  char byte = 0;
  iovec here{&byte, 1}, there{&byte, 1};
  int error = errorOf(process_vm_readv(process, &here, 1, &there, 1, 0));
  return error == EFAULT ? 0 : error; // it was let in, and found no page there
}

int forked() {
  pid_t child = fork();
  if (child < 0)
    return errno;
  if (child == 0)
    _exit(0);
  return errorOf(waitpid(child, nullptr, 0));
}

int threaded() {
  pthread_t thread;
  int error = pthread_create(
      &thread, nullptr, [](void* nothing) { return nothing; }, nullptr);
  return error != 0 ? error : pthread_join(thread, nullptr);
}

int filesOpened() {
  int count = 0;
  while (open("/dev/null", O_RDONLY) >= 0 && count < 100'000)
    ++count;
  for (int i = 3 + count + 64; i > 16; --i)
    if (fcntl(i, F_GETFL) == O_RDONLY)
      close(i);
  return count;
}

int result(const std::string& word, const std::string& rest) {
  int number = std::atoi(rest.c_str());
  if (word == "read")
    return opened(rest, O_RDONLY);
  if (word == "write")
    return opened(rest, O_WRONLY | O_CREAT);
  if (word == "connect")
    return connected(number);
  if (word == "signal")
    return errorOf(kill(number, 0));
  if (word == "trace")
    return errorOf(ptrace(PTRACE_SEIZE, number, nullptr, nullptr));
  if (word == "memory")
    return readMemory(number);
  if (word == "leave")
    return errorOf(setpgid(0, number));
  if (word == "namespace")
    return errorOf(unshare(CLONE_NEWUSER));
  if (word == "fork")
    return forked();
  if (word == "thread")
    return threaded();
  if (word == "load")
    return dlopen(rest.c_str(), RTLD_NOW) != nullptr ? 0 : ENOENT;
  return word == "files" ? filesOpened() : -1;
}

} // namespace

ENTRY() {
  std::string text(captures, capturesSize);
  std::size_t blank = text.find(' ');
  std::int64_t value = result(text.substr(0, blank), text.substr(blank + 1));
  out->write(&value, 8);
  return roam::Outcome::done;
}
