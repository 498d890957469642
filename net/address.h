// Addresses of peers: what may be written, and what may be reached or listened on.
#pragma once
#include <kj/string.h>
#include <string>
#include <string_view>
#include <vector>

namespace roam::net {

/// The address in the form KJ's network takes. Accepts "127.0.0.1:7070" (any 127.x.y.z),
/// "[::1]:7070", "localhost:7070" and "unix:/path". Throws FAILED, in words for the one who wrote
/// it, for anything else: until connections are encrypted and both ends prove who they are, only
/// this machine may be reached. Used for dialling and for listening alike; no names are looked up.
/// Port 0 stands for one that the kernel chooses, and is good for listening only.
kj::String loopbackAddress(kj::StringPtr written);

/// The addresses of a list separated by commas, as in ROAM_JOIN, without blanks around them. Empty
/// ones are left out; the others are not checked.
std::vector<std::string> splitAddresses(std::string_view list);

} // namespace roam::net
