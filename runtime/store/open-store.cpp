// Which engine a name means.
#include "runtime/store/open-store.h"
#include "runtime/store/sqlite-store.h"

namespace roam::store {

kj::Own<net::Store> openStore(kj::AsyncIoContext& io, const std::string& where,
                              const std::string&) {
  constexpr std::string_view sqlite = "sqlite:";
  if (where == "memory")
    return kj::heap<SqliteStore>(io.provider->getTimer(), "");
  if (where.starts_with(sqlite) && where.size() > sqlite.size())
    return kj::heap<SqliteStore>(io.provider->getTimer(), where.substr(sqlite.size()));
  kj::throwFatalException(
      kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__,
                    kj::str("'", where.c_str(), "' is no store; say memory, or sqlite:PATH")));
}

} // namespace roam::store
