#include "state/sqlite_database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace spillway {
namespace {

// Another process of ours may be inside its own short transaction.
constexpr int kBusyWaitMillisMax = 10'000;
constexpr int kBusyLookMillis = 5;

Status FromSqlite(int code, const std::string& path, const char* words) {
  const std::string message = fmt::format("state {}: {}", path, words);
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return DataLoss(message).WithHint(
          "restore the file from a backup, or move it away and load again with --full");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
      return PermissionDenied(message).WithHint(
          "the state must be writable: check the file's owner and mode, or set state.path");
    case SQLITE_FULL:
      return Unavailable(message).WithHint("free some space on the disk and run again");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Unavailable(message).WithHint("another process keeps the state busy: run again");
    case SQLITE_IOERR:
      return Unavailable(message).WithHint("check the disk that holds the state");
    default:
      return Internal(message);
  }
}

Status FromErrno(const std::string& what) {
  const int error = errno;
  const std::string message = fmt::format("{}: {}", what, std::strerror(error));
  if (error == ENOSPC) return Unavailable(message).WithHint("free some space on the disk");
  return PermissionDenied(message).WithHint(
      "the state must be writable: check the owner and mode of file and folder, or set state.path");
}

// Makes the missing folders of `path`, for the user alone. Folders that are there stay as they are.
Status MakeFolders(const std::string& path) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
      return FromErrno(fmt::format("making the state's folder {}", folder));
    }
  }
  return Status::Ok();
}

// SQLite gives its journal files the mode of the database, so the file is made before SQLite sees
// it.
Status MakePrivateFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return FromErrno(fmt::format("opening the state {}", path));
  const int changed = fchmod(file, 0600);
  const int changed_errno = errno;
  close(file);
  errno = changed_errno;
  if (changed != 0) return FromErrno(fmt::format("making the state {} private", path));
  return Status::Ok();
}

}  // namespace

SqliteStatement::SqliteStatement(sqlite3_stmt* handle, const std::string* path)
    : handle_(handle), path_(path) {}

void SqliteStatement::Finalizer::operator()(sqlite3_stmt* handle) const {
  sqlite3_finalize(handle);
}

SqliteStatement& SqliteStatement::Bind(int64_t value) {
  bind_error_ |= sqlite3_bind_int64(handle_.get(), ++bound_, value);
  return *this;
}

SqliteStatement& SqliteStatement::Bind(uint64_t value) {
  return Bind(static_cast<int64_t>(value));
}

SqliteStatement& SqliteStatement::Bind(double value) {
  bind_error_ |= sqlite3_bind_double(handle_.get(), ++bound_, value);
  return *this;
}

SqliteStatement& SqliteStatement::Bind(std::string_view value) {
  bind_error_ |= sqlite3_bind_text64(handle_.get(), ++bound_, value.empty() ? "" : value.data(),
                                     value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

Result<bool> SqliteStatement::Step() {
  if (bind_error_ != SQLITE_OK) return Internal("state: a parameter could not be bound");
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return FromSqlite(code, *path_, sqlite3_errmsg(sqlite3_db_handle(handle_.get())));
}

Status SqliteStatement::Run() {
  while (true) {
    ASSIGN_OR_RETURN(const bool more, Step());
    if (!more) break;
  }
  sqlite3_reset(handle_.get());
  bound_ = 0;
  return Status::Ok();
}

int64_t SqliteStatement::Int(int column) const {
  return sqlite3_column_int64(handle_.get(), column);
}

double SqliteStatement::Real(int column) const {
  return sqlite3_column_double(handle_.get(), column);
}

std::string SqliteStatement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  const int size = sqlite3_column_bytes(handle_.get(), column);
  return text == nullptr ? std::string() : std::string(text, static_cast<size_t>(size));
}

void SqliteDatabase::Closer::operator()(sqlite3* handle) const {
  sqlite3_close(handle);
}

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(const std::string& path) {
  RETURN_IF_ERROR(MakeFolders(path));
  RETURN_IF_ERROR(MakePrivateFile(path));
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(path));
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  database->handle_.reset(handle);
  if (code != SQLITE_OK) return FromSqlite(code, path, sqlite3_errstr(code));
  sqlite3_busy_timeout(handle, kBusyWaitMillisMax);
  RETURN_IF_ERROR(database->UseWal());
  RETURN_IF_ERROR(database->Execute("PRAGMA synchronous=FULL;"));
  return database;
}

// Of several processes that do this to a new file at the same time, SQLite refuses all but one at
// once, without the wait that it grants elsewhere.
Status SqliteDatabase::UseWal() {
  for (int waited_ms = 0;; waited_ms += kBusyLookMillis) {
    const int code =
        sqlite3_exec(handle_.get(), "PRAGMA journal_mode=WAL;", nullptr, nullptr, nullptr);
    if (code == SQLITE_OK) return Status::Ok();
    if ((code & 0xff) != SQLITE_BUSY || waited_ms >= kBusyWaitMillisMax) {
      return FromSqlite(code, path_, sqlite3_errmsg(handle_.get()));
    }
    sqlite3_sleep(kBusyLookMillis);
  }
}

Result<SqliteStatement> SqliteDatabase::Prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      &statement, nullptr);
  if (code != SQLITE_OK) return FromSqlite(code, path_, sqlite3_errmsg(handle_.get()));
  return SqliteStatement(statement, &path_);
}

Status SqliteDatabase::Execute(const char* sql) {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return FromSqlite(code, path_, sqlite3_errmsg(handle_.get()));
  return Status::Ok();
}

Result<int64_t> SqliteDatabase::QueryInt(std::string_view sql) {
  ASSIGN_OR_RETURN(SqliteStatement statement, Prepare(sql));
  ASSIGN_OR_RETURN(const bool found, statement.Step());
  return found ? statement.Int(0) : int64_t{0};
}

int64_t SqliteDatabase::last_insert_id() const {
  return sqlite3_last_insert_rowid(handle_.get());
}

int64_t SqliteDatabase::changed_rows() const {
  return sqlite3_changes64(handle_.get());
}

Result<SqliteTransaction> SqliteTransaction::Begin(SqliteDatabase& database) {
  RETURN_IF_ERROR(database.Execute("BEGIN IMMEDIATE"));
  return SqliteTransaction(database);
}

SqliteTransaction::SqliteTransaction(SqliteTransaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

SqliteTransaction::~SqliteTransaction() {
  if (database_ == nullptr) return;
  // Fails only when SQLite has rolled back by itself.
  [[maybe_unused]] const Status rolled_back = database_->Execute("ROLLBACK");
}

Status SqliteTransaction::Commit() {
  RETURN_IF_ERROR(database_->Execute("COMMIT"));
  database_ = nullptr;
  return Status::Ok();
}

}  // namespace spillway
