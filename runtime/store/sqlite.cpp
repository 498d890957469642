// What each error of SQLite means for whoever runs the store.
#include "runtime/store/sqlite.h"
#include "net/exceptions.h"
#include <cstring>
#include <kj/exception.h>
#include <kj/string.h>

namespace roam::store {
namespace {

kj::String wordsFor(sqlite3* database, const char* path) {
  const int code = sqlite3_extended_errcode(database);
  const int error = sqlite3_system_errno(database);
  switch (code & 0xff) {
  case SQLITE_FULL:
    return kj::str("the store in ", path, " is full", error == ENOSPC ? ", for its disk is" : "",
                   "; nothing was written. Reading goes on; writing will when there is room");
  case SQLITE_READONLY:
    return kj::str("the store in ", path,
                   " can't be written: it, or its folder, is read-only for this process");
  case SQLITE_CANTOPEN:
    return kj::str("the store in ", path,
                   " can't be opened: ", error ? strerror(error) : sqlite3_errmsg(database),
                   "; its folder must exist, and be writable for this process");
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
    return kj::str("the store in ", path, " is damaged, or no store (", sqlite3_errmsg(database),
                   "); put a copy in its place, or move it away to begin a new one");
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return kj::str("the store in ", path,
                   " is locked by another program that looks into it; try again when that is done");
  case SQLITE_IOERR:
    return kj::str("the store in ", path, " failed: ", sqlite3_errmsg(database), ": ",
                   strerror(error), code == SQLITE_IOERR_READ ? "" : "; nothing was written");
  default:
    return kj::str("the store in ", path, " failed: ", sqlite3_errmsg(database));
  }
}

/// For others to finish looking into the file.
constexpr int busyMilliseconds = 1000;

} // namespace

Database::Database(const std::string& path) : path_(path.empty() ? "memory" : path) {
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code =
      sqlite3_open_v2(path.empty() ? ":memory:" : path.c_str(), &database_, flags, nullptr);
  if (code != SQLITE_OK) {
    kj::String words = wordsFor(database_, path_.c_str());
    sqlite3_close(database_);
    kj::throwFatalException(net::failed(kj::mv(words)));
  }
  sqlite3_busy_timeout(database_, busyMilliseconds);
}

Database::~Database() {
  sqlite3_close(database_);
}

void Database::fail() const {
  kj::throwFatalException(net::failed(wordsFor(database_, path_.c_str())));
}

void Database::run(const std::string& sql) {
  if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    fail();
}

std::int64_t Database::number(const std::string& sql) {
  Statement statement(*this, sql.c_str());
  Rows rows = statement();
  return rows.next() ? rows.number(0) : 0;
}

bool Rows::next() {
  switch (sqlite3_step(statement_)) {
  case SQLITE_ROW:
    return true;
  case SQLITE_DONE:
    return false;
  default:
    database_.fail();
  }
}

std::string_view Rows::bytes(int column) const {
  auto* begin = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const int size = sqlite3_column_bytes(statement_, column);
  return begin == nullptr ? std::string_view() : std::string_view(begin, std::size_t(size));
}

Statement::Statement(const Database& database, const char* sql) : database_(database) {
  if (sqlite3_prepare_v3(database.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_,
                         nullptr) != SQLITE_OK)
    database.fail();
}

void Statement::bind(int place, std::int64_t number) {
  if (sqlite3_bind_int64(statement_, place, number) != SQLITE_OK)
    database_.fail();
}

void Statement::bind(int place, std::string_view bytes) {
  // A null pointer would be NULL; an empty value is not.
  const char* begin = bytes.empty() ? "" : bytes.data();
  if (sqlite3_bind_blob64(statement_, place, begin, bytes.size(), SQLITE_STATIC) != SQLITE_OK)
    database_.fail();
}

void Statement::bind(int place, const std::optional<std::string>& bytes) {
  if (bytes)
    bind(place, std::string_view(*bytes));
  else if (sqlite3_bind_null(statement_, place) != SQLITE_OK)
    database_.fail();
}

} // namespace roam::store
