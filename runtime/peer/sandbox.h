// The sandbox of a worker process: an empty network, a few folders to read, and no way to other
// processes.
//
//     /usr /lib /lib64 /bin /sbin       read-only, as outside
//     /etc/ld.so.cache /etc/localtime   the same
//     FOLDER                            of the worker program, of Roam's and of loaded libraries
//     /dev/null zero full random urandom
//     /tmp                              empty, 64 MiB, gone with the worker
//
// Nothing else is there: no home, no /proc, no socket of anybody. The user inside is nobody,
// without capabilities. docs/security.md says what that does not cover.
#pragma once
#include "runtime/peer/confinement.h"
#include <string>
#include <vector>

namespace roam::peer {

/// Enters user, mount, network, IPC and host name namespaces (Sandbox::full), then the filter of
/// system calls. The process must have one thread, and no-new-privileges set. Throws
/// std::system_error that says which part the kernel refused.
void enterSandbox(Sandbox sandbox, const std::vector<std::string>& folders);

} // namespace roam::peer
