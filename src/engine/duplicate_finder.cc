#include "engine/duplicate_finder.h"

#include <optional>

#include "engine/external_sort.h"

namespace spillway {
namespace {

constexpr uint64_t kRecordsBetweenStopChecks = 65'536;

// Collects what comes in order of identity and place; a row that a crash made the load write twice
// comes twice, and is one row.
class Grouper {
 public:
  explicit Grouper(const std::function<Status(const DuplicateGroup&)>& visit) : visit_(visit) {}

  Status Add(const IdentityRecord& record) {
    const bool same_identity = group_.rows > 0 && group_.identity == record.identity;
    if (!same_identity) {
      RETURN_IF_ERROR(Finish());
      group_.identity = record.identity;
      group_.first = record.place();
    }
    const bool same_row = same_identity && group_.last == record.place();
    if (!same_row) {
      ++group_.rows;
      ++rows_;
      group_.last = record.place();
    }
    const bool counted =
        same_row && group_.rows_upserted > 0 && group_.last_upserted == record.place();
    if (record.upserted() && !counted) {
      ++group_.rows_upserted;
      group_.last_upserted = record.place();
    }
    return Status::Ok();
  }

  Status Finish() {
    const DuplicateGroup done = group_;
    group_ = {};
    return done.rows > 1 ? visit_(done) : Status::Ok();
  }

  uint64_t rows() const { return rows_; }

 private:
  const std::function<Status(const DuplicateGroup&)>& visit_;
  DuplicateGroup group_;
  uint64_t rows_ = 0;
};

}  // namespace

Result<uint64_t> FindDuplicates(IdentityLog& log, const std::string& spill_path,
                                uint64_t memory_bytes_max,
                                const std::function<Status(const DuplicateGroup&)>& visit,
                                const CallContext& ctx) {
  ExternalSort<IdentityRecord> sort(spill_path, memory_bytes_max);
  uint64_t records = 0;
  const auto stopped = [&] {
    return ++records % kRecordsBetweenStopChecks == 0 ? ctx.CheckNotStopped() : Status::Ok();
  };
  const auto add = [&](const IdentityRecord& record) {
    RETURN_IF_ERROR(stopped());
    return sort.Add(record);
  };
  RETURN_IF_ERROR(log.Visit(add));
  RETURN_IF_ERROR(sort.StartReading());
  Grouper grouper(visit);
  while (true) {
    RETURN_IF_ERROR(stopped());
    ASSIGN_OR_RETURN(const std::optional<IdentityRecord> record, sort.Next());
    if (!record.has_value()) break;
    RETURN_IF_ERROR(grouper.Add(*record));
  }
  RETURN_IF_ERROR(grouper.Finish());
  return grouper.rows();
}

}  // namespace spillway
