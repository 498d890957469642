// Every byte of a report was written by a process that runs code of others.
#include "runtime/peer/crash-stack.h"
#include "jit/slice/demangle.h"
#include "net/log.h"
#include <algorithm>
#include <csignal>
#include <cstring>
#include <kj/vector.h>
#include <memory>
#include <string>
#include <utility>

namespace roam::peer {
namespace {

template <std::size_t size>
std::string textOf(const char (&text)[size]) {
  return {text, strnlen(text, size)};
}

kj::String lineOf(const CrashFrame& frame, std::uint64_t entry) {
  std::string line;
  if (std::string name = textOf(frame.name); !name.empty())
    line = demangled(name) + " in " + textOf(frame.library);
  else if (frame.function == entry)
    return nullptr; // the entry, which whoever knows its source tells better
  else
    line = "shipped code";
  line = net::oneLine(line.substr(0, limits::stackLine));
  return kj::heapString(line.data(), line.size());
}

/// Of one line, if the others are the same: those of a recursion.
kj::String timesOf(kj::StringPtr line, std::size_t times) {
  return times == 1 ? kj::str(line) : kj::str(line, " (", times, " times)");
}

kj::String whyOf(const CrashReport& report) {
  if (report.isFault == 0)
    return nullptr;
  if (report.isOverflow != 0)
    return kj::str("stack overflow");
  switch (report.signal) {
  case SIGSEGV:
  case SIGBUS:
    if (report.address < 4096)
      return kj::str("null pointer: it accessed address ", report.address);
    return kj::str("it accessed address 0x", kj::hex(report.address));
  default:
    return nullptr;
  }
}

} // namespace

kj::Maybe<CrashTold> readReport(const CrashReport& shared) {
  if (shared.stage.load() != CrashReport::Stage::begun)
    return nullptr;
  CrashTold told;
  told.why = whyOf(shared);
  told.element = shared.element;
  kj::Vector<kj::String> lines;
  kj::String last;
  std::size_t times = 0, count = std::min<std::size_t>(shared.frames.load(), limits::stackFrames);
  const std::uint64_t entry = shared.entry;
  for (std::size_t i = 0; i <= count; ++i) {
    kj::String line = i < count ? lineOf(CrashFrame(shared.frame[i]), entry) : kj::String();
    if (times > 0 && line != last)
      lines.add(timesOf(last, std::exchange(times, 0)));
    if (line.size() > 0)
      ++times;
    last = kj::mv(line);
  }
  told.stack = lines.releaseAsArray();
  return kj::mv(told);
}

} // namespace roam::peer
