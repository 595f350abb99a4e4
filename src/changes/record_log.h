// RecordLog: a list of fixed-size records, written once and then read by index: in memory while
// they fit, else in a private file.
#ifndef SPILLWAY_CHANGES_RECORD_LOG_H_
#define SPILLWAY_CHANGES_RECORD_LOG_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "base/result.h"
#include "engine/spill_file.h"

namespace spillway {

// `Record` is trivially copyable. Append: one thread at a time. Read: any, once nothing is appended
// any more.
template <typename Record>
class RecordLog {
  static_assert(std::is_trivially_copyable_v<Record>);

 public:
  RecordLog(std::string path, uint64_t memory_bytes_max)
      : path_(std::move(path)),
        records_max_(std::max<uint64_t>(memory_bytes_max / sizeof(Record), 1)) {}

  uint64_t size() const { return spilled_ + records_.size(); }

  Status Append(const Record& record) {
    if (records_.size() == records_max_) RETURN_IF_ERROR(Spill());
    records_.push_back(record);
    return Status::Ok();
  }

  // The records from `first` on, at most `count`; fewer only at the end.
  Result<std::vector<Record>> Read(uint64_t first, uint64_t count) const {
    std::vector<Record> read(std::min(count, size() - std::min(first, size())));
    const uint64_t in_file =
        first < spilled_ ? std::min<uint64_t>(read.size(), spilled_ - first) : 0;
    if (in_file > 0) {
      RETURN_IF_ERROR(file_->ReadAt(first * sizeof(Record), read.data(), in_file * sizeof(Record)));
    }
    const uint64_t in_memory = std::max(first, spilled_) - spilled_;
    std::copy_n(records_.begin() + static_cast<int64_t>(in_memory), read.size() - in_file,
                read.begin() + static_cast<int64_t>(in_file));
    return read;
  }

 private:
  Status Spill() {
    if (file_ == nullptr) {
      ASSIGN_OR_RETURN(file_, SpillFile::CreateTemporary(path_));
    }
    RETURN_IF_ERROR(file_->Append(records_.data(), records_.size() * sizeof(Record)));
    spilled_ += records_.size();
    records_.clear();
    return Status::Ok();
  }

  const std::string path_;
  const uint64_t records_max_;
  std::vector<Record> records_;  // from spilled_ on
  uint64_t spilled_ = 0;         // records in the file
  std::unique_ptr<SpillFile> file_;
};

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_RECORD_LOG_H_
