// ExternalSort: sorts any number of small fixed-size records in bounded memory: runs are sorted in
// memory, spilled to one private file, and merged while they are read back. What fits is never
// spilled.
#ifndef SPILLWAY_ENGINE_EXTERNAL_SORT_H_
#define SPILLWAY_ENGINE_EXTERNAL_SORT_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/check.h"
#include "base/result.h"
#include "engine/spill_file.h"

namespace spillway {

// `Record` is trivially copyable and ordered by `<`. Used by one thread.
template <typename Record>
class ExternalSort {
  static_assert(std::is_trivially_copyable_v<Record>);

 public:
  // `path` is where it spills, if it has to; the file is gone when this is.
  ExternalSort(std::string path, uint64_t memory_bytes_max)
      : path_(std::move(path)),
        records_max_(std::max<uint64_t>(memory_bytes_max / sizeof(Record), kRecordsMin)) {}

  Status Add(const Record& record) {
    if (records_.size() == records_max_) RETURN_IF_ERROR(Spill());
    if (records_.size() == records_.capacity()) {
      records_.reserve(std::clamp<uint64_t>(records_.size() * 2, kRecordsMin, records_max_));
    }
    records_.push_back(record);
    return Status::Ok();
  }

  // No more Add.
  Status StartReading() {
    if (runs_.empty()) {
      std::sort(records_.begin(), records_.end());
      return Status::Ok();
    }
    RETURN_IF_ERROR(Spill());
    records_ = {};
    const uint64_t per_run = std::max<uint64_t>(records_max_ / runs_.size(), kRecordsMin);
    for (Run& run : runs_) {
      run.buffer_max = per_run;
      RETURN_IF_ERROR(Refill(run));
    }
    for (Run& run : runs_) heap_.push_back(&run);
    std::make_heap(heap_.begin(), heap_.end(), After);
    return Status::Ok();
  }

  // In ascending order; nullopt: that was all. REQUIRES: StartReading.
  Result<std::optional<Record>> Next() {
    if (runs_.empty()) {
      if (next_ == records_.size()) return std::optional<Record>();
      return std::optional<Record>(records_[next_++]);
    }
    if (heap_.empty()) return std::optional<Record>();
    std::pop_heap(heap_.begin(), heap_.end(), After);
    Run& run = *heap_.back();
    const Record record = run.buffer[run.at++];
    if (run.at == run.buffer.size()) RETURN_IF_ERROR(Refill(run));
    if (run.buffer.empty()) {
      heap_.pop_back();
    } else {
      std::push_heap(heap_.begin(), heap_.end(), After);
    }
    return std::optional<Record>(record);
  }

  size_t runs_spilled() const { return runs_.size(); }

 private:
  static constexpr uint64_t kRecordsMin = 256;  // of a buffer, however small the memory

  struct Run {
    uint64_t offset = 0;  // in the file, of what is not in the buffer yet
    uint64_t left = 0;    // records from there on
    uint64_t buffer_max = 0;
    std::vector<Record> buffer;
    size_t at = 0;
  };
  static bool After(const Run* a, const Run* b) { return b->buffer[b->at] < a->buffer[a->at]; }

  Status Spill() {
    if (records_.empty()) return Status::Ok();
    if (file_ == nullptr) {
      ASSIGN_OR_RETURN(file_, SpillFile::CreateTemporary(path_));
    }
    std::sort(records_.begin(), records_.end());
    Run run;
    run.offset = file_->size();
    run.left = records_.size();
    RETURN_IF_ERROR(file_->Append(records_.data(), records_.size() * sizeof(Record)));
    runs_.push_back(std::move(run));
    records_.clear();
    return Status::Ok();
  }

  Status Refill(Run& run) {
    run.at = 0;
    run.buffer.resize(std::min(run.left, run.buffer_max));
    const uint64_t bytes = run.buffer.size() * sizeof(Record);
    RETURN_IF_ERROR(file_->ReadAt(run.offset, run.buffer.data(), bytes));
    run.offset += bytes;
    run.left -= run.buffer.size();
    return Status::Ok();
  }

  const std::string path_;
  const uint64_t records_max_;
  std::vector<Record> records_;
  size_t next_ = 0;
  std::unique_ptr<SpillFile> file_;
  std::vector<Run> runs_;
  std::vector<Run*> heap_;
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_EXTERNAL_SORT_H_
