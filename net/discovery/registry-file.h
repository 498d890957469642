// A peer's file in a registry folder. Its name is the address; it says which process that is.
//
//   127.0.0.1:7070        host devbox
//                         started 2026-11-21T03:36:45Z
//                         cluster default
//                         machine 1a686653-db75-4c0f-9bdb-117a72d0e41d pid:[4026531836]
//                         process 4711 98123
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace roam::net {

struct RegistryFile {
  std::string host;    ///< for people
  std::string started; ///< of the peer, in UTC
  std::string cluster;
  /// The boot and the namespace in which `process` counts.
  std::string machine;
  pid_t process = 0;
  /// When it began, in clock ticks since the boot: another process of the same number began later.
  unsigned long long ticks = 0;

  /// Of this process, now.
  static RegistryFile ofThisProcess(std::string cluster);
  /// Nothing if it is not one of these. Lines it does not know are left out.
  static std::optional<RegistryFile> parse(std::string_view text);
  std::string text() const;

  /// It ran on this machine since its last boot, and has ended.
  bool isStale() const;
};

/// The address as the name of a file: what could not stand there ("/", "%", a dot at the
/// beginning) becomes %2F.
std::string registryName(std::string_view address);
/// Nothing if it is not the name of an address.
std::optional<std::string> addressOfName(std::string_view name);

} // namespace roam::net
