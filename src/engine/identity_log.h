// IdentityLog: the identities of all rows that a load has settled, on disk, so that rows that share
// one (duplicates) are found in bounded memory and across crashes. It is durable before the
// checkpoint passes a row; what a crash left half written at its end belongs to rows that are read
// again.
#ifndef SPILLWAY_ENGINE_IDENTITY_LOG_H_
#define SPILLWAY_ENGINE_IDENTITY_LOG_H_

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/hash.h"
#include "engine/batch_in_flight.h"
#include "engine/spill_file.h"

namespace spillway {

// Where a row stands, in the order that decides which of several is the last.
struct RowPlace {
  static constexpr int kRowBits = 40;
  static constexpr uint64_t kRowsMax = uint64_t{1} << kRowBits;  // of one split
  static constexpr uint32_t kSplitsMax = uint32_t{1} << 23;

  uint32_t split = 0;
  uint64_t row = 0;
  auto operator<=>(const RowPlace&) const = default;
};

// 24 bytes. Ordered by identity, then by place.
struct IdentityRecord {
  Hash128 identity;
  uint64_t packed = 0;  // split, row, and in the lowest bit whether the row was upserted

  static IdentityRecord Make(const Hash128& identity, const RowPlace& place, bool upserted);
  RowPlace place() const {
    return {static_cast<uint32_t>(packed >> (RowPlace::kRowBits + 1)),
            (packed >> 1) & (RowPlace::kRowsMax - 1)};
  }
  bool upserted() const { return (packed & 1) != 0; }
  auto operator<=>(const IdentityRecord&) const = default;
};

// A record for every document of the batch but the rejected ones. REQUIRES: all have their fate.
// kUnsupported: more rows than a place can say.
Status AppendIdentities(const BatchInFlight& batch, std::vector<IdentityRecord>& records);

// Thread-safe.
class IdentityLog {
 public:
  // `load`: what tells this load's rows from another's. A runner that has lost its lease and does
  // not know yet may still append: with the same load, what it appends is true.
  static std::string PathFor(const std::string& folder, const std::string& pipeline,
                             const std::string& load);
  // Takes away what loads of this pipeline have left that are never gone on with.
  static Status RemoveAll(const std::string& folder, const std::string& pipeline);
  // Empty, in place of any that is there.
  static Result<std::unique_ptr<IdentityLog>> Create(const std::string& path);
  // What is there, up to the first block that is not whole.
  static Result<std::unique_ptr<IdentityLog>> Continue(const std::string& path);

  // As AppendIdentities.
  Status Append(const BatchInFlight& batch);
  Status Append(const std::vector<IdentityRecord>& records);
  // What was appended is on disk for good.
  Status Sync();
  // All records, in the order of appending. Not beside Append.
  Status Visit(const std::function<Status(const IdentityRecord&)>& visit);
  Status Remove() { return file_->Remove(); }
  // How many there were when it was opened.
  uint64_t records_found() const { return records_found_; }

 private:
  explicit IdentityLog(std::unique_ptr<SpillFile> file) : file_(std::move(file)) {}
  // These hold mutex_.
  Status WriteFullBlocks();
  Status WriteBlock();
  Status WriteRecords(std::span<const IdentityRecord> records);
  // Reads the block at `offset` into `records` and moves the offset behind it. False: no whole
  // block.
  Result<bool> ReadBlock(uint64_t& offset, std::vector<IdentityRecord>& records) const;

  std::mutex mutex_;
  const std::unique_ptr<SpillFile> file_;
  uint64_t records_found_ = 0;
  std::vector<IdentityRecord> block_;  // not written yet
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_IDENTITY_LOG_H_
