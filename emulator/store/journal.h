// Journal: the append-only file behind a persistent server. A write is acknowledged only after its
// record was handed to the operating system, so nothing acknowledged is lost when the process dies;
// a torn record at the end (never acknowledged) is dropped when the file is read.
#ifndef SPILLWAY_EMULATOR_STORE_JOURNAL_H_
#define SPILLWAY_EMULATOR_STORE_JOURNAL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"
#include "emulator/store/item.h"

namespace spillway::emulator {

// Records, framed with size and checksum. Three kinds:
//   catalog  all definitions, as JSON; the latest one holds
//   put      one document as it is now
//   erase    one document that is no more
enum class RecordKind : uint8_t { kCatalog = 1, kPut = 2, kErase = 3 };

struct ErasedItem {
  std::string key;
  uint32_t epk_bytes = 0;
  uint64_t lsn = 0;
};

// Appends one framed record to `out`.
void AppendCatalogRecord(std::string_view json, std::string* out);
void AppendPutRecord(std::string_view container_rid, const Item& item, std::string* out);
void AppendEraseRecord(std::string_view container_rid, const ErasedItem& erased, std::string* out);

class RecordVisitor {
 public:
  virtual ~RecordVisitor() = default;
  virtual Status Catalog(std::string_view json) = 0;
  virtual void Put(std::string_view container_rid, Item item) = 0;
  virtual void Erase(std::string_view container_rid, const ErasedItem& erased) = 0;
};

// Append is thread-safe.
class Journal {
 public:
  // Opens or makes `folder`/store.log, hands every record to `visitor` and cuts a torn end off.
  // Fails with kLocked when another server has it open, kDataLoss when it is no such file.
  static Result<std::unique_ptr<Journal>> Open(const std::string& folder, RecordVisitor* visitor);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Whole records. After a failure (disk full) every later call fails too.
  Status Append(std::string_view records);
  // Puts what `write_all` appends in place of everything, in a new file that replaces the old at
  // once.
  Status Rewrite(const std::function<Status(Journal*)>& write_all);

  uint64_t bytes() const { return bytes_; }
  // What Open cut off.
  uint64_t torn_bytes() const { return torn_bytes_; }

 private:
  Journal(std::string path, int file) : path_(std::move(path)), file_(file) {}

  const std::string path_;
  std::mutex mutex_;
  int file_;
  uint64_t bytes_ = 0;
  uint64_t torn_bytes_ = 0;
  bool broken_ = false;
};

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_STORE_JOURNAL_H_
