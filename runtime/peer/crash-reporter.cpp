// Signal handlers, and the walk over the stack.
#include "runtime/peer/crash-reporter.h"
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <link.h>
#include <memory>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

namespace roam::peer {
namespace {

constexpr int reported[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
/// Of the handler's own stack: the unwinder takes 4 KB of it.
constexpr std::size_t stackBytes = 128u << 10;
/// A fault this near to the stack pointer is an overflow: frames larger than this are rare.
constexpr std::uint64_t overflowReach = 256u << 10;

/// What handlers, which are given nothing, need to know. Of the process, as the handlers are.
struct Watched {
  CrashReport* report = nullptr;
  pid_t process = 0; ///< a child that shipped code forked off reports nothing
  EntryFunction* volatile entry = nullptr;
  const Output* volatile out = nullptr;
  volatile std::uint64_t first = 0;
  std::atomic<bool> isTaken{false}; ///< two threads may crash at the same time
};
Watched watched;

void copyName(char* to, std::size_t room, const char* from) {
  std::size_t size = std::min(std::strlen(from), room - 1);
  std::memcpy(to, from, size);
  to[size] = '\0';
}

const char* withoutFolder(const char* path) {
  const char* slash = std::strrchr(path, '/');
  return slash != nullptr ? slash + 1 : path;
}

/// Of the program itself, which is not of interest, everything is known by its empty name.
bool isOwnProgram(const dl_find_object& object) {
  return object.dlfo_link_map == nullptr || object.dlfo_link_map->l_name == nullptr ||
         object.dlfo_link_map->l_name[0] == '\0';
}

struct Walk {
  std::uint64_t from; ///< address of the frame to begin with; 0: the first that is not ours
  bool isBegun = false;
};

_Unwind_Reason_Code addFrame(_Unwind_Context* context, void* of) {
  Walk& walk = *static_cast<Walk*>(of);
  int isBefore = 0;
  std::uint64_t address = _Unwind_GetIPInfo(context, &isBefore);
  // Of a call that never returns, what stands behind it may be another function.
  const std::uint64_t inside = isBefore != 0 ? address : address - 1;
  dl_find_object object;
  auto* code = reinterpret_cast<void*>(inside);
  const bool isLibrary = _dl_find_object(code, &object) == 0;
  const bool isOurs = isLibrary && isOwnProgram(object);
  walk.isBegun = walk.isBegun || (walk.from != 0 ? address == walk.from : !isOurs);
  if (!walk.isBegun)
    return _URC_NO_REASON;
  CrashReport& report = *watched.report;
  const std::uint32_t number = report.frames.load();
  if (isOurs || number >= report.frame.size())
    return _URC_END_OF_STACK; // the caller of the entry
  CrashFrame& frame = report.frame[number];
  frame.address = inside;
  frame.function = _Unwind_GetRegionStart(context);
  if (isLibrary) {
    copyName(frame.library, sizeof frame.library, withoutFolder(object.dlfo_link_map->l_name));
    Dl_info named;
    if (dladdr(code, &named) != 0 && named.dli_sname != nullptr)
      copyName(frame.name, sizeof frame.name, named.dli_sname);
    else
      copyName(frame.name, sizeof frame.name, "?");
  }
  report.frames.store(number + 1);
  return _URC_NO_REASON;
}

/// False if there is nothing to report, or another thread does it.
bool begin(int signal) {
  CrashReport* report = watched.report;
  if (report == nullptr || getpid() != watched.process || watched.isTaken.exchange(true))
    return false;
  report->signal = signal;
  report->isFault = report->isOverflow = 0;
  report->entry = reinterpret_cast<std::uint64_t>(watched.entry);
  const Output* out = watched.out;
  report->element = watched.first + (out != nullptr ? out->element : 0);
  report->frames.store(0);
  return true;
}

void walkStack(std::uint64_t from) {
  watched.report->stage.store(CrashReport::Stage::begun);
  alarm(1);
  Walk walk{from};
  _Unwind_Backtrace(addFrame, &walk);
  alarm(0);
}

struct Registers {
  std::uint64_t code, stack;
};
Registers registersOf(const ucontext_t& context) {
#if defined(__x86_64__)
  return {static_cast<std::uint64_t>(context.uc_mcontext.gregs[REG_RIP]),
          static_cast<std::uint64_t>(context.uc_mcontext.gregs[REG_RSP])};
#elif defined(__aarch64__)
  return {context.uc_mcontext.pc, context.uc_mcontext.sp};
#else
#error "the registers of this machine are not known here"
#endif
}

/// From the next time the signal comes, which is at once, it ends the process.
void dieBy(int signal) {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  sigaction(signal, &action, nullptr);
  syscall(SYS_tgkill, getpid(), static_cast<pid_t>(syscall(SYS_gettid)), signal);
}

void onSignal(int signal, siginfo_t* info, void* of) {
  if (begin(signal)) {
    CrashReport& report = *watched.report;
    const Registers registers = registersOf(*static_cast<ucontext_t*>(of));
    if (info->si_code > 0) { // of the kernel: nobody sent it
      report.isFault = 1;
      report.address = reinterpret_cast<std::uint64_t>(info->si_addr);
      report.isOverflow = signal == SIGSEGV && report.address + overflowReach > registers.stack &&
                          report.address < registers.stack + overflowReach;
    }
    walkStack(registers.code);
  }
  dieBy(signal);
}

void onExit() {
  // Only what exits while it runs shipped code; the process itself ends by _exit.
  if (watched.entry != nullptr && begin(0))
    walkStack(0);
}

} // namespace

#if __has_feature(address_sanitizer)

CrashReporter::CrashReporter(CrashReport&) {}

#else

CrashReporter::CrashReporter(CrashReport& report) {
  watched.report = &report;
  watched.process = getpid();
  stack_t own = {};
  own.ss_size = stackBytes;
  own.ss_sp = std::make_unique<char[]>(stackBytes).release(); // for as long as the process lives
  sigaltstack(&own, nullptr);
  struct sigaction action = {};
  action.sa_sigaction = onSignal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (int signal : reported)
    sigaction(signal, &action, nullptr);
  std::atexit(onExit);
}

#endif

void CrashReporter::begin(EntryFunction* entry, const Output& out, std::uint64_t first) {
  watched.out = &out;
  watched.first = first;
  watched.entry = entry;
}

void CrashReporter::end() {
  watched.entry = nullptr;
  watched.out = nullptr;
}

} // namespace roam::peer
