#include "changes/index_cursor.h"

#include <utility>

namespace spillway {

Result<std::unique_ptr<IndexCursor>> IndexCursor::Open(
    const std::vector<std::shared_ptr<const SpillFile>>& files, const Options& options) {
  std::unique_ptr<IndexCursor> cursor(new IndexCursor(options));
  cursor->heads_.reserve(files.size());
  for (const auto& file : files) cursor->heads_.push_back({IndexFileReader(file), nullptr});
  for (Head& head : cursor->heads_) RETURN_IF_ERROR(cursor->Step(head));
  return cursor;
}

Status IndexCursor::Step(Head& head) {
  ASSIGN_OR_RETURN(head.entry, head.reader.Next());
  return Status::Ok();
}

// There are few files: looking at each head is cheaper than keeping them in order.
Result<const IndexEntry*> IndexCursor::Next() {
  while (true) {
    for (Head* head : taken_) RETURN_IF_ERROR(Step(*head));
    taken_.clear();
    for (Head& head : heads_) {
      if (head.entry == nullptr) continue;
      if (!taken_.empty() && taken_.back()->entry->identity < head.entry->identity) continue;
      if (!taken_.empty() && head.entry->identity < taken_.back()->entry->identity) taken_.clear();
      taken_.push_back(&head);
    }
    if (taken_.empty()) return static_cast<const IndexEntry*>(nullptr);
    const Head* const newest = taken_.back();
    entry_ = *newest->entry;
    if (options_.last_is_uncertain && newest == &heads_.back()) {
      entry_.removed = false;
      entry_.content = {};
    }
    if (!entry_.removed || options_.keep_removed) return &entry_;
  }
}

}  // namespace spillway
