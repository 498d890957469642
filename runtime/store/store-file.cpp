// What each request does to the tables.
#include "runtime/store/store-file.h"
#include "runtime/store/prefix.h"
#include <kj/debug.h>

namespace roam::store {
namespace {

using net::Revision;

/// Versions are numbered by revision, and within one by place.
constexpr int placeBits = 20;
static_assert(limits::storeLeaseEntries <= std::size_t(1) << placeBits);
constexpr Revision revisionOf(std::int64_t version) {
  return Revision(version) >> placeBits;
}
constexpr std::int64_t firstVersionOf(Revision revision) {
  return std::int64_t(revision << placeBits);
}

/// What a row of history takes besides its value and key.
constexpr std::size_t rowBytes = 64;
/// Rows that one look for changes reads, so that a watch of something rare keeps nobody waiting.
constexpr int rowsPerLook = 16384;

} // namespace

struct StoreFile::Statements {
  explicit Statements(const Database& d)
      : get(d, "SELECT e.version, v.value, e.lease FROM entry e JOIN version v "
               "ON v.id = e.version WHERE e.key = ?"),
        list(d, "SELECT e.key, e.version, v.value, e.lease FROM entry e JOIN version v "
                "ON v.id = e.version WHERE e.key >= ?1 AND (?2 IS NULL OR e.key < ?2) "
                "ORDER BY e.key"),
        find(d, "SELECT e.version, length(v.value) FROM entry e JOIN version v "
                "ON v.id = e.version WHERE e.key = ?"),
        changes(d, "SELECT id, key, value FROM version WHERE id >= ? ORDER BY id"),
        addVersion(d, "INSERT INTO version VALUES (?, ?, ?)"),
        setEntry(d, "INSERT OR REPLACE INTO entry VALUES (?, ?, ?)"),
        removeEntry(d, "DELETE FROM entry WHERE key = ?"),
        supersede(d, "INSERT INTO superseded VALUES (?, ?)"),
        oldest(d, "SELECT min(version) FROM superseded"),
        weigh(d, "SELECT total(bytes) FROM superseded WHERE version < ?"),
        forgetVersions(d, "DELETE FROM version WHERE id IN "
                          "(SELECT version FROM superseded WHERE version < ?)"),
        forgetSuperseded(d, "DELETE FROM superseded WHERE version < ?"),
        compacted(d, "UPDATE about SET value = ? WHERE name = 'compacted'"),
        leases(d, "SELECT id, milliseconds FROM lease"),
        lease(d, "SELECT 1 FROM lease WHERE id = ?"),
        grant(d, "INSERT INTO lease (milliseconds) VALUES (?)"),
        endLease(d, "DELETE FROM lease WHERE id = ?"),
        ofLease(d, "SELECT key FROM entry WHERE lease = ? AND lease != 0 ORDER BY key LIMIT ?") {}

  Statement get, list, find, changes, addVersion, setEntry, removeEntry, supersede, oldest, weigh,
      forgetVersions, forgetSuperseded, compacted, leases, lease, grant, endLease, ofLease;
};

void StoreFile::StatementsEnd::operator()(Statements* statements) const {
  delete statements;
}

void StoreFile::readState() {
  statements_.reset(new Statements(database_));
  Statement identity(database_, "SELECT value FROM about WHERE name = 'identity'");
  if (Rows rows = identity(); rows.next())
    identity_ = rows.bytes(0);
  now_.compacted = Revision(database_.number("SELECT value FROM about WHERE name = 'compacted'"));
  now_.historyBytes = std::uint64_t(database_.number("SELECT total(bytes) FROM superseded"));
  // Only the oldest versions are ever forgotten, so the newest one shows the revision.
  now_.revision =
      std::max(now_.compacted, revisionOf(database_.number("SELECT max(id) FROM version")));
}

std::vector<std::pair<net::Lease, kj::Duration>> StoreFile::leases() {
  std::vector<std::pair<net::Lease, kj::Duration>> all;
  for (Rows rows = statements_->leases(); rows.next();)
    all.emplace_back(net::Lease(rows.number(0)), rows.number(1) * kj::MILLISECONDS);
  return all;
}

// --- reading ------------------------------------------------------------------------------------

kj::Maybe<net::StoreEntry> StoreFile::get(const std::string& key) {
  Rows rows = statements_->get(key);
  if (!rows.next())
    return nullptr;
  return net::StoreEntry{key, std::string(rows.bytes(1)), revisionOf(rows.number(0)),
                         net::Lease(rows.number(2))};
}

net::StoreListing StoreFile::list(const std::string& prefix) {
  net::StoreListing listing;
  const auto end = endOf(prefix);
  for (Rows rows = statements_->list(prefix, end); rows.next();)
    listing.entries.push_back({std::string(rows.bytes(0)), std::string(rows.bytes(2)),
                               revisionOf(rows.number(1)), net::Lease(rows.number(3))});
  listing.revision = now_.revision;
  return listing;
}

net::StoreChanges StoreFile::changes(const std::string& prefix, Revision after) {
  if (after < now_.compacted)
    kj::throwFatalException(net::compactedException(after));
  net::StoreChanges changes;
  changes.revision = now_.revision;
  std::size_t bytes = 0;
  int looked = 0;
  Revision last = after;
  for (Rows rows = statements_->changes(firstVersionOf(after + 1)); rows.next();) {
    const Revision revision = revisionOf(rows.number(0));
    if (revision != last && (bytes >= limits::storeAnswerBytes || ++looked > rowsPerLook)) {
      changes.revision = last;
      break;
    }
    last = revision;
    std::string_view key = rows.bytes(1);
    if (!key.starts_with(prefix))
      continue;
    net::StoreEvent event{revision, std::string(key), std::nullopt};
    if (!rows.isNull(2))
      event.value.emplace(rows.bytes(2));
    bytes += key.size() + (event.value ? event.value->size() : 0);
    changes.events.push_back(std::move(event));
  }
  return changes;
}

// --- writing ------------------------------------------------------------------------------------

void StoreFile::begin() {
  before_ = now_;
  database_.run("BEGIN IMMEDIATE");
}

std::vector<net::StoreChanges> StoreFile::end() {
  if (now_.revision != before_.revision)
    forgetHistory();
  database_.run("COMMIT");
  return std::exchange(changed_, {});
}

void StoreFile::rollBack() {
  now_ = before_;
  changing_ = {};
  changed_.clear();
  if (database_.inTransaction()) // some errors have ended it already
    sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr); // else BEGIN will fail
}

Revision StoreFile::modified(const std::string& key) {
  Rows rows = statements_->find(key);
  return rows.next() ? revisionOf(rows.number(0)) : 0;
}

net::Committed StoreFile::commit(const std::vector<net::StoreCondition>& conditions,
                                 const std::vector<net::StoreWrite>& writes) {
  for (auto& condition : conditions)
    if (modified(condition.key) != condition.modified)
      return {false, now_.revision};
  for (auto& write : writes)
    if (write.value && write.lease != 0 && !statements_->lease(write.lease).next())
      throw Refusal{net::leaseEndedException()};
  for (auto& each : writes)
    write(each);
  finishRevision();
  return {true, now_.revision};
}

void StoreFile::write(const net::StoreWrite& write) {
  std::optional<std::pair<std::int64_t, std::size_t>> old;
  if (Rows rows = statements_->find(write.key); rows.next())
    old.emplace(rows.number(0), std::size_t(rows.number(1)));
  if (!old && !write.value)
    return;
  const std::int64_t version =
      firstVersionOf(now_.revision + 1) + std::int64_t(changing_.events.size());
  statements_->addVersion.run(version, write.key, write.value);
  if (old)
    supersede(old->first, old->second + write.key.size());
  if (write.value) {
    statements_->setEntry.run(write.key, version, std::int64_t(write.lease));
  } else {
    statements_->removeEntry.run(write.key);
    supersede(version, write.key.size()); // it is of interest to watches only
  }
  changing_.events.push_back({now_.revision + 1, write.key, write.value});
}

void StoreFile::supersede(std::int64_t version, std::size_t bytes) {
  statements_->supersede.run(version, std::int64_t(bytes + rowBytes));
  now_.historyBytes += bytes + rowBytes;
}

void StoreFile::finishRevision() {
  if (changing_.events.empty())
    return;
  changing_.revision = ++now_.revision;
  changed_.push_back(std::exchange(changing_, {}));
}

/// In steady state each commit forgets as much as it adds.
void StoreFile::forgetHistory() {
  while (now_.historyBytes > space_.historyBytes) {
    std::int64_t oldest = 0;
    {
      Rows rows = statements_->oldest();
      KJ_ASSERT(rows.next());
      oldest = rows.number(0);
    }
    const Revision revision = revisionOf(oldest);
    const std::int64_t next = firstVersionOf(revision + 1);
    {
      Rows rows = statements_->weigh(next);
      KJ_ASSERT(rows.next());
      now_.historyBytes -= std::uint64_t(rows.number(0));
    }
    statements_->forgetVersions.run(next);
    statements_->forgetSuperseded.run(next);
    statements_->compacted.run(std::int64_t(revision));
    now_.compacted = revision;
  }
}

net::Lease StoreFile::grant(kj::Duration time) {
  statements_->grant.run(std::int64_t(time / kj::MILLISECONDS));
  return net::Lease(sqlite3_last_insert_rowid(database_.get()));
}

void StoreFile::endLease(net::Lease lease) {
  for (;;) {
    std::vector<std::string> keys;
    for (Rows rows = statements_->ofLease(lease, std::int64_t(limits::storeLeaseEntries));
         rows.next();)
      keys.emplace_back(rows.bytes(0));
    if (keys.empty())
      break;
    for (auto& key : keys)
      write({key, std::nullopt, 0});
    finishRevision();
  }
  statements_->endLease.run(lease);
}

} // namespace roam::store
