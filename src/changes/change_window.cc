#include "changes/change_window.h"

#include "json/json_buffer.h"

namespace spillway {
namespace {

class WindowCollapser {
 public:
  WindowCollapser(const ImageRules& rules, ChangeWindow& window,
                  std::optional<DuplicateImage>* duplicate)
      : rules_(rules), window_(window), duplicate_(duplicate) {}

  Status Run() {
    RETURN_IF_ERROR(window_.images->StartReading());
    while (true) {
      ASSIGN_OR_RETURN(const std::optional<ImageRecord> record, window_.images->Next());
      const bool same =
          record.has_value() && !images_.empty() && images_.front().identity == record->identity;
      if (!same && !images_.empty()) RETURN_IF_ERROR(FinishIdentity());
      if (!record.has_value()) return Status::Ok();
      images_.push_back(*record);
    }
  }

 private:
  Status FinishIdentity() {
    const Collapsed collapsed = Collapse(images_, rules_);
    window_.counts += collapsed.counts;
    window_.documents_delta += collapsed.documents_delta;
    if (collapsed.duplicate != nullptr) RETURN_IF_ERROR(NoteDuplicate(*collapsed.duplicate));
    if (collapsed.action == Collapsed::Action::kUpsert) {
      RETURN_IF_ERROR(window_.upserts->Append(*collapsed.winner));
    } else if (collapsed.action == Collapsed::Action::kRemove) {
      RETURN_IF_ERROR(window_.removes->Append(*collapsed.winner));
    }
    images_.clear();
    return Status::Ok();
  }

  Status NoteDuplicate(const ImageRecord& image) {
    ++window_.duplicates;
    if (duplicate_->has_value()) return Status::Ok();
    std::string text;
    RETURN_IF_ERROR(window_.images->bytes().Read(
        image.offset, uint64_t{image.partition_key_bytes} + image.id_bytes, &text));
    DuplicateImage found{.split = image.split(), .version = image.version};
    JsonBuffer json(&found.key);
    json.Append("[");
    json.Append(std::string_view(text).substr(0, image.partition_key_bytes));
    json.Append(",");
    json.AppendString(std::string_view(text).substr(image.partition_key_bytes));
    json.Append("]");
    json.Finish();
    *duplicate_ = std::move(found);
    return Status::Ok();
  }

  const ImageRules& rules_;
  ChangeWindow& window_;
  std::optional<DuplicateImage>* const duplicate_;
  std::vector<ImageRecord> images_;  // of one identity
};

}  // namespace

Status CollapseWindow(const ImageRules& rules, const std::string& spill_prefix,
                      uint64_t records_memory_max, ChangeWindow& window,
                      std::optional<DuplicateImage>* duplicate) {
  window.upserts = std::make_unique<RecordLog<ImageRecord>>(spill_prefix + "-upserts.spill",
                                                            records_memory_max / 2);
  window.removes = std::make_unique<RecordLog<ImageRecord>>(spill_prefix + "-removes.spill",
                                                            records_memory_max / 2);
  window.counts += window.images->counts();
  for (RefusedImage& refused : window.images->TakeRefused()) {
    window.refused.push_back(std::move(refused));
  }
  return WindowCollapser(rules, window, duplicate).Run();
}

}  // namespace spillway
