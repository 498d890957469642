// SQLite in C++: a database, its statements, and its errors in words for people.
//
//     Statement find(database, "SELECT value FROM entry WHERE key = ?");
//     for (Rows rows = find(key); rows.next();)
//       use(rows.bytes(0));
#pragma once
#include <cstdint>
#include <optional>
#include <sqlite3.h>
#include <string>
#include <string_view>

namespace roam::store {

/// An open database. Used by one thread at a time. Everything throws kj::Exception of type FAILED,
/// with words that name the file and say what to do.
class Database {
 public:
  /// Makes the file if there is none. "" is a database in memory.
  explicit Database(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Runs statements that give no rows.
  void run(const std::string& sql);
  /// The one number that a statement gives.
  std::int64_t number(const std::string& sql);

  /// Throws what SQLite's last call failed with.
  [[noreturn]] void fail() const;
  /// Whether a transaction is open.
  bool inTransaction() const { return sqlite3_get_autocommit(database_) == 0; }
  sqlite3* get() const { return database_; }

 private:
  std::string path_; ///< as people call it
  sqlite3* database_ = nullptr;
};

/// The rows of one run of a statement. What was bound, and the statement, must outlive it; the
/// statement can run again when it is gone.
class Rows {
 public:
  Rows(const Database& database, sqlite3_stmt* statement)
      : database_(database), statement_(statement) {}
  ~Rows() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  /// False when there are no more.
  bool next();
  std::int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }
  /// Valid until `next`.
  std::string_view bytes(int column) const;
  bool isNull(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

 private:
  const Database& database_;
  sqlite3_stmt* statement_;
};

/// A prepared statement. The database must outlive it.
class Statement {
 public:
  Statement(const Database& database, const char* sql);
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  /// Begins a run with these values for its question marks.
  template <class... Value>
  Rows operator()(const Value&... values) {
    int place = 0;
    (bind(++place, values), ...);
    return {database_, statement_};
  }
  /// A run that gives no rows.
  template <class... Value>
  void run(const Value&... values) {
    (*this)(values...).next();
  }

 private:
  void bind(int place, std::int64_t number);
  void bind(int place, std::string_view bytes);
  void bind(int place, const std::string& bytes) { bind(place, std::string_view(bytes)); }
  void bind(int place, const std::optional<std::string>& bytes);

  const Database& database_;
  sqlite3_stmt* statement_ = nullptr;
};

} // namespace roam::store
