// The system calls that code in a sandbox may not make.
//
// What is refused is listed, not what is allowed: shipped code is machine code of any library, and
// a list of all that those may call would refuse something new with each of their versions. Refused
// is what reaches other processes, changes what the kernel or the machine is, or gets around limits
// and namespaces. A refused call fails with EPERM; nothing is killed for trying.
#pragma once
#include "runtime/peer/confinement.h"

namespace roam::peer {

/// For this process and all that it starts, for good. Sockets are refused but those of unix in
/// Sandbox::full, where no others are in sight. Needs no-new-privileges. Throws std::system_error.
void filterSystemCalls(Sandbox sandbox);

} // namespace roam::peer
