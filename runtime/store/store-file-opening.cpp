// How a store's file is opened: for one process alone, and only if it can be what it says.
#include "net/exceptions.h"
#include "runtime/store/store-file.h"
#include "runtime/store/store-identity.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <kj/debug.h>
#include <sys/file.h>
#include <unistd.h>

namespace roam::store {
namespace {

/// "Roam" as the header of the file says it, and the layout of the tables.
constexpr std::int64_t application = 0x526f616d;
constexpr std::int64_t layout = 1;

[[noreturn]] void refuse(kj::String why) {
  kj::throwFatalException(net::failed(why));
}

/// Who holds the lock says so in its file, as "host:pid".
std::string readLock(int fd) {
  char words[128] = {};
  const ssize_t size = pread(fd, words, sizeof words - 1, 0);
  return size > 0 ? ", process " + std::string(words, std::size_t(size)) : std::string();
}

void writeLock(int fd) {
  char host[64] = {};
  gethostname(host, sizeof host - 1);
  kj::String words = kj::str(host, ":", getpid());
  KJ_SYSCALL(ftruncate(fd, 0));
  KJ_SYSCALL(pwrite(fd, words.begin(), words.size(), 0));
}

/// A file beside the store's own, so that others may still read the store, for a copy of it. The
/// lock ends with the process.
kj::AutoCloseFd lockFor(const std::string& path) {
  if (path.empty())
    return {};
  const std::string name = path + "-lock";
  kj::AutoCloseFd fd(open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (fd.get() < 0)
    refuse(kj::str("the store in ", path.c_str(), " can't be opened: ", name.c_str(), ": ",
                   strerror(errno), "; its folder must exist, and be writable for this process"));
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      refuse(kj::str("the store in ", path.c_str(), " can't be locked: ", name.c_str(), ": ",
                     strerror(errno)));
    refuse(kj::str("the store in ", path.c_str(), " is in use by another peer",
                   readLock(fd).c_str(), "; join that one (--join), or choose another file"));
  }
  writeLock(fd);
  return fd;
}

constexpr const char* tables = R"(
CREATE TABLE about (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE version (id INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB);
CREATE TABLE entry (key BLOB PRIMARY KEY, version INTEGER NOT NULL, lease INTEGER NOT NULL)
  WITHOUT ROWID;
CREATE INDEX entry_of_lease ON entry (lease) WHERE lease != 0;
CREATE TABLE superseded (version INTEGER PRIMARY KEY, bytes INTEGER NOT NULL);
CREATE TABLE lease (id INTEGER PRIMARY KEY AUTOINCREMENT, milliseconds INTEGER NOT NULL);
)";

} // namespace

StoreFile::StoreFile(const std::string& path, const StoreSpace& space)
    : space_(space), lock_(lockFor(path)), database_(path) {
  if (sqlite3_db_readonly(database_.get(), "main") == 1)
    refuse(kj::str("the store in ", path.c_str(),
                   " can't be written: it is read-only for this process"));
  database_.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                "PRAGMA journal_size_limit = 16777216; PRAGMA trusted_schema = OFF");
  prepareTables(path);
  database_.run("PRAGMA max_page_count = " +
                std::to_string(space.fileBytes / database_.number("PRAGMA page_size")));
  readState();
}

void StoreFile::prepareTables(const std::string& path) {
  const std::int64_t owner = database_.number("PRAGMA application_id"),
                     version = database_.number("PRAGMA user_version"),
                     existing = database_.number("SELECT count(*) FROM sqlite_schema");
  if (existing == 0) {
    database_.run("BEGIN IMMEDIATE");
    database_.run(tables);
    Statement(database_, "INSERT INTO about VALUES ('identity', ?), ('compacted', 0)")
        .run(newIdentity());
    database_.run("PRAGMA application_id = " + std::to_string(application) +
                  "; PRAGMA user_version = " + std::to_string(layout) + "; COMMIT");
  } else if (owner != application) {
    refuse(kj::str(path.c_str(), " is no store of Roam, but another program's database; choose "
                                 "another file"));
  } else if (version != layout) {
    refuse(kj::str("the store in ", path.c_str(), " was written by a later Roam (layout ", version,
                   "; this one knows ", layout, "); use that one, or another file"));
  }
}

} // namespace roam::store
