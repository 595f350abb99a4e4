#include "changes/index_builder.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"

namespace spillway {

// Passes entries on, of an identity one.
class IndexBuilder::Unique {
 public:
  explicit Unique(IndexFileWriter& writer) : writer_(writer) {}

  Status Add(const IndexEntry& entry) {
    if (!empty_ && entry.identity == held_.identity) {
      if (entry.content != held_.content) held_.content = {};
      return Status::Ok();
    }
    RETURN_IF_ERROR(Finish());
    empty_ = false;
    held_ = entry;
    partition_key_.assign(entry.partition_key);
    id_.assign(entry.id);
    return Status::Ok();
  }
  Status Finish() {
    if (empty_) return Status::Ok();
    empty_ = true;
    held_.partition_key = partition_key_;
    held_.id = id_;
    return writer_.Append(held_);
  }

 private:
  IndexFileWriter& writer_;
  bool empty_ = true;
  IndexEntry held_;
  std::string partition_key_;
  std::string id_;
};

Status IndexBuilder::Add(const EncodedBatch& batch) {
  std::vector<Hash128> contents;
  contents.reserve(batch.documents.size());
  for (const Document& document : batch.documents) {
    contents.push_back(Murmur3x64_128(document.body));
  }
  std::lock_guard lock(mutex_);
  for (size_t i = 0; i < contents.size(); ++i) {
    const Document& document = batch.documents[i];
    const uint64_t held = texts_.size() + document.partition_key.size() + document.id.size() +
                          (records_.size() + 1) * sizeof(Record);
    if (held > memory_bytes_max_) RETURN_IF_ERROR(Spill());
    records_.push_back({.identity = document.identity,
                        .content = contents[i],
                        .offset = texts_.size(),
                        .partition_key_bytes = static_cast<uint32_t>(document.partition_key.size()),
                        .id_bytes = static_cast<uint32_t>(document.id.size())});
    texts_.append(document.partition_key).append(document.id);
  }
  return Status::Ok();
}

IndexEntry IndexBuilder::EntryOf(const Record& record) const {
  const std::string_view texts = texts_;
  return {.identity = record.identity,
          .content = record.content,
          .partition_key = texts.substr(record.offset, record.partition_key_bytes),
          .id = texts.substr(record.offset + record.partition_key_bytes, record.id_bytes)};
}

Status IndexBuilder::WriteRecords(IndexFileWriter& writer) {
  std::sort(records_.begin(), records_.end(),
            [](const Record& a, const Record& b) { return a.identity < b.identity; });
  Unique unique(writer);
  for (const Record& record : records_) RETURN_IF_ERROR(unique.Add(EntryOf(record)));
  return unique.Finish();
}

Status IndexBuilder::Spill() {
  if (records_.empty()) return Status::Ok();
  ASSIGN_OR_RETURN(std::shared_ptr<SpillFile> file, SpillFile::CreateTemporary(spill_path_));
  IndexFileWriter writer(file);
  RETURN_IF_ERROR(WriteRecords(writer));
  RETURN_IF_ERROR(writer.Finish());
  runs_.push_back(std::move(file));
  records_.clear();
  texts_.clear();
  return Status::Ok();
}

Status IndexBuilder::WriteTo(IndexFileWriter& writer) {
  if (runs_.empty()) return WriteRecords(writer);
  RETURN_IF_ERROR(Spill());
  records_ = {};
  texts_ = {};
  return Merge(writer);
}

Status IndexBuilder::Merge(IndexFileWriter& writer) const {
  struct Head {
    IndexFileReader reader;
    const IndexEntry* entry = nullptr;
  };
  std::vector<Head> heads;
  heads.reserve(runs_.size());
  for (const auto& run : runs_) heads.push_back({IndexFileReader(run), nullptr});
  std::vector<Head*> heap;
  const auto after = [](const Head* a, const Head* b) {
    return b->entry->identity < a->entry->identity;
  };
  for (Head& head : heads) {
    ASSIGN_OR_RETURN(head.entry, head.reader.Next());
    if (head.entry != nullptr) heap.push_back(&head);
  }
  std::make_heap(heap.begin(), heap.end(), after);
  Unique unique(writer);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), after);
    Head& head = *heap.back();
    RETURN_IF_ERROR(unique.Add(*head.entry));
    ASSIGN_OR_RETURN(head.entry, head.reader.Next());
    if (head.entry == nullptr) {
      heap.pop_back();
    } else {
      std::push_heap(heap.begin(), heap.end(), after);
    }
  }
  return unique.Finish();
}

}  // namespace spillway
