#include "changes/index_keeper.h"

#include <utility>

namespace spillway {
namespace {

constexpr uint64_t kRecordsAtOnce = 1'024;

// One of a window's lists as entries, in its order.
class ListEntries {
 public:
  ListEntries(const RecordLog<ImageRecord>& records, const ImageBytes& bytes, bool removed)
      : records_(records), bytes_(bytes) {
    entry_.removed = removed;
  }

  // Behind the entry before; head() is good until the next call.
  Status Step() {
    if (at_ == read_.size()) {
      next_ += read_.size();
      at_ = 0;
      ASSIGN_OR_RETURN(read_, records_.Read(next_, kRecordsAtOnce));
    }
    if (read_.empty()) {
      head_ = nullptr;
      return Status::Ok();
    }
    const ImageRecord& record = read_[at_++];
    text_.clear();
    RETURN_IF_ERROR(
        bytes_.Read(record.offset, uint64_t{record.partition_key_bytes} + record.id_bytes, &text_));
    entry_.identity = record.identity;
    entry_.content = entry_.removed ? Hash128{} : record.content;
    entry_.partition_key = std::string_view(text_).substr(0, record.partition_key_bytes);
    entry_.id = std::string_view(text_).substr(record.partition_key_bytes);
    head_ = &entry_;
    return Status::Ok();
  }
  const IndexEntry* head() const { return head_; }

 private:
  const RecordLog<ImageRecord>& records_;
  const ImageBytes& bytes_;
  std::vector<ImageRecord> read_;  // from next_ on
  uint64_t next_ = 0;
  size_t at_ = 0;
  std::string text_;
  IndexEntry entry_;
  const IndexEntry* head_ = nullptr;
};

// What a window does, in order of identity: it writes no identity twice.
class WindowEntries {
 public:
  explicit WindowEntries(const ChangeWindow& window)
      : upserts_(*window.upserts, window.images->bytes(), false),
        removes_(*window.removes, window.images->bytes(), true) {}

  Status Begin() {
    RETURN_IF_ERROR(upserts_.Step());
    return removes_.Step();
  }
  Result<const IndexEntry*> Next() {
    if (told_ != nullptr) RETURN_IF_ERROR(told_->Step());
    const IndexEntry* const upsert = upserts_.head();
    const IndexEntry* const remove = removes_.head();
    const bool takes_upsert =
        remove == nullptr || (upsert != nullptr && upsert->identity < remove->identity);
    told_ = takes_upsert ? &upserts_ : &removes_;
    return told_->head();
  }

 private:
  ListEntries upserts_;
  ListEntries removes_;
  ListEntries* told_ = nullptr;
};

}  // namespace

Result<std::unique_ptr<IndexKeeper>> IndexKeeper::Open(const LoadParts& parts,
                                                       const DocumentOptions& documents,
                                                       const WindowReaderOptions& options,
                                                       const Checkpoint& checkpoint,
                                                       RunMeter& meter, RunStop& stop) {
  std::unique_ptr<IndexKeeper> keeper(new IndexKeeper(parts, documents, options, meter, stop));
  ASSIGN_OR_RETURN(keeper->index_, TableIndex::Open(options.spill_folder, options.pipeline,
                                                    checkpoint.mapping_hash));
  return keeper;
}

IndexStanding IndexKeeper::StandingAt(const Checkpoint& checkpoint) const {
  return index_->StandingAt(checkpoint.position);
}

Status IndexKeeper::BringTo(const Checkpoint& checkpoint) {
  if (StandingAt(checkpoint) != IndexStanding::kNone) return Status::Ok();
  return reader_.Build(checkpoint, *index_);
}

Result<std::unique_ptr<ChangeWindow>> IndexKeeper::ReadWindow(const IndexWindowRequest& request) {
  return reader_.Read(request, *index_);
}

Status IndexKeeper::BeginWindow(const Checkpoint& checkpoint, const ChangeWindow& window) {
  if (StandingAt(checkpoint) == IndexStanding::kNone) return Status::Ok();
  const bool compared = !window.methods.empty() && window.methods[0].method == ChangeMethod::kIndex;
  WindowEntries entries(window);
  RETURN_IF_ERROR(entries.Begin());
  return index_
      ->BeginWindow(checkpoint.position, window.position,
                    compared ? reader_.columns() : index_->columns(),
                    {.next = [&] { return entries.Next(); }})
      .WithContext("writing the index");
}

Status IndexKeeper::EndWindow(const Checkpoint& checkpoint) {
  if (StandingAt(checkpoint) != IndexStanding::kCurrent) return Status::Ok();
  return index_->Compact().WithContext("writing the index");
}

}  // namespace spillway
