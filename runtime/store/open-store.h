// The store that a person names.
#pragma once
#include "net/store.h"
#include <functional>
#include <kj/async-io.h>
#include <string>

namespace roam::store {

/// `where` is "memory", "sqlite:PATH", or "etcd://HOST:PORT,HOST:PORT...". Stores of different
/// clusters are apart in an etcd; the others hold one cluster's. May block for some milliseconds.
/// `io` must outlive the store. Throws kj::Exception of type FAILED, with words for people, if that
/// names no store, or the store can't be opened.
kj::Own<net::Store> openStore(kj::AsyncIoContext& io, const std::string& where,
                              const std::string& cluster);

/// As openStore.
using StoreOpener = std::function<kj::Own<net::Store>(
    kj::AsyncIoContext& io, const std::string& where, const std::string& cluster)>;

} // namespace roam::store
