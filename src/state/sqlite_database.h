// SqliteDatabase and SqliteStatement: the little of SQLite that the store needs, with Status
// instead of result codes. The only files that call SQLite are this pair.
#ifndef SPILLWAY_STATE_SQLITE_DATABASE_H_
#define SPILLWAY_STATE_SQLITE_DATABASE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace spillway {

// A prepared statement. Parameters are bound in order of the calls; a failed bind shows in Step.
class SqliteStatement {
 public:
  SqliteStatement(sqlite3_stmt* handle, const std::string* path);

  SqliteStatement& Bind(int64_t value);
  SqliteStatement& Bind(uint64_t value);
  SqliteStatement& Bind(double value);
  SqliteStatement& Bind(std::string_view value);

  // True: a row is there; false: done.
  Result<bool> Step();
  // Steps to the end and makes the statement ready to be bound again.
  Status Run();

  // Of the current row; column 0 is the first.
  int64_t Int(int column) const;
  uint64_t Unsigned(int column) const { return static_cast<uint64_t>(Int(column)); }
  double Real(int column) const;
  std::string Text(int column) const;

 private:
  struct Finalizer {
    void operator()(sqlite3_stmt* handle) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalizer> handle_;
  const std::string* path_;
  int bound_ = 0;
  int bind_error_ = 0;
};

// One connection. Not thread-safe: its owner locks.
class SqliteDatabase {
 public:
  // Opens or creates the file: mode 0600, and 0700 for folders that it has to make. WAL,
  // synchronous=FULL: what a transaction wrote survives a power loss once Commit has returned.
  static Result<std::unique_ptr<SqliteDatabase>> Open(const std::string& path);

  Result<SqliteStatement> Prepare(std::string_view sql);
  // One or several statements without parameters or results.
  Status Execute(const char* sql);
  Result<int64_t> QueryInt(std::string_view sql);
  int64_t last_insert_id() const;
  int64_t changed_rows() const;  // by the last statement
  const std::string& path() const { return path_; }

 private:
  struct Closer {
    void operator()(sqlite3* handle) const;
  };
  explicit SqliteDatabase(std::string path) : path_(std::move(path)) {}
  Status UseWal();

  const std::string path_;
  std::unique_ptr<sqlite3, Closer> handle_;
};

// Rolls back in its destructor unless Commit succeeded. Takes the write lock at once, so that what
// it reads is what it writes upon.
class SqliteTransaction {
 public:
  static Result<SqliteTransaction> Begin(SqliteDatabase& database);
  SqliteTransaction(SqliteTransaction&& other) noexcept;
  SqliteTransaction& operator=(SqliteTransaction&&) = delete;
  ~SqliteTransaction();
  Status Commit();

 private:
  explicit SqliteTransaction(SqliteDatabase& database) : database_(&database) {}
  SqliteDatabase* database_;  // null once committed
};

}  // namespace spillway

#endif  // SPILLWAY_STATE_SQLITE_DATABASE_H_
