// Writing events as JSON.
#include "runtime/peer/audit-log.h"
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <stdexcept>
#include <string_view>
#include <unistd.h>

namespace roam::peer {
namespace {

const char* wordOf(net::AuditEvent::What what) {
  using What = net::AuditEvent::What;
  switch (what) {
  case What::connected:
    return "connected";
  case What::refused:
    return "refused";
  case What::brought:
    return "brought";
  case What::called:
    return "called";
  case What::bound:
    return "bound";
  case What::drained:
    return "drained";
  case What::released:
    return "released";
  }
  return "";
}

/// In quotes. What is not ASCII is written as it came, byte by byte, so that any reader of JSON
/// takes the line whatever was sent.
std::string quoted(std::string_view text) {
  std::string all = "\"";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      all += std::string("\\") + c;
    else if (byte < 0x20 || byte >= 0x7f)
      all += fmt::format("\\u{:04x}", byte);
    else
      all += c;
  }
  return all + '"';
}

std::string now() {
  using namespace std::chrono;
  auto time = floor<milliseconds>(system_clock::now());
  auto second = floor<seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(system_clock::to_time_t(second)),
                     (time - second).count());
}

void addField(std::string& line, const char* name, std::string_view value) {
  if (!value.empty())
    line += fmt::format(",\"{}\":{}", name, quoted(value));
}

} // namespace

AuditLog::AuditLog(const std::string& path, net::Log& log)
    : path_(path), log_(log),
      file_(open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600)) {
  if (file_.get() < 0)
    throw std::runtime_error("can't open the audit log " + path + ": " + std::strerror(errno));
}

void AuditLog::happened(const net::Caller& who, const char* from, const net::AuditEvent& event) {
  std::string line = "{\"time\":" + quoted(now());
  addField(line, "who", who.name);
  addField(line, "from", from);
  addField(line, "what", wordOf(event.what));
  addField(line, "digest", event.digest);
  addField(line, "name", event.name);
  addField(line, "detail", event.detail);
  line += "}\n";
  const bool isWritten = write(file_, line.data(), line.size()) == ssize_t(line.size());
  if (!isWritten && !fails_)
    log_.line(kj::str("the audit log ", path_.c_str(),
                      " can't be written, and has gaps from now on: ", std::strerror(errno)));
  fails_ = !isWritten;
}

} // namespace roam::peer
