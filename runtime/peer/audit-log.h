// The account of who brought, named and ran which code: a file of JSON lines.
//
//   {"time":"2026-11-21T07:40:12.042Z","who":"anna","from":"10.0.0.7:41288","what":"brought",
//    "digest":"9f86...","detail":"price.cpp:12 double (double)"}
#pragma once
#include "net/audit.h"
#include "net/log.h"
#include <kj/io.h>
#include <string>

namespace roam::peer {

/// Each event is on its way to the disk when `happened` returns, in one write: lines of several
/// peers may go into one file. Call on the loop thread.
class AuditLog final : public net::Audit {
 public:
  /// Appends to the file, which only its owner can read if it is new. Throws std::runtime_error
  /// that names it. `log`, which hears once that the file can't be written any more, outlives this.
  AuditLog(const std::string& path, net::Log& log);

  void happened(const net::Caller& who, const char* from, const net::AuditEvent& event) override;

 private:
  const std::string path_;
  net::Log& log_;
  kj::AutoCloseFd file_;
  bool fails_ = false;
};

} // namespace roam::peer
