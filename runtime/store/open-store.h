// The engine that a text names.
#pragma once
#include "net/store.h"
#include <kj/async-io.h>
#include <string>

namespace roam::store {

/// "memory": gone with this process. "sqlite:PATH": a file, made if it is not there. Throws
/// kj::Exception with words for people if it can't be opened, or names no engine. `io` must outlive
/// the store.
kj::Own<net::Store> openStore(kj::AsyncIoContext& io, const std::string& where,
                              const std::string& cluster);

} // namespace roam::store
