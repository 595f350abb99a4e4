#include "advice/key_counter.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "advice/key_text.h"
#include "base/check.h"

namespace spillway {

KeyCounter::KeyCounter(const Partitioning& partitioning, std::vector<std::string> paths,
                       uint32_t key_bytes_max, double window_bytes, double document_fields)
    : partitioning_(partitioning),
      paths_(std::move(paths)),
      key_bytes_max_(key_bytes_max),
      window_bytes_(window_bytes),
      document_fields_(document_fields) {}

Status KeyCounter::AddKey(const KeyCandidate& key) {
  std::vector<uint32_t> fields;
  for (const std::string& path : key.paths) {
    const auto found = std::find(paths_.begin(), paths_.end(), path);
    SPILLWAY_CHECK(found != paths_.end());
    fields.push_back(static_cast<uint32_t>(found - paths_.begin()));
  }
  // A joined key is one string, whatever its path will be called.
  const std::vector<std::string> joined = {KeyText(key)};
  ASSIGN_OR_RETURN(std::shared_ptr<const PartitionLayout> layout,
                   partitioning_.LayoutFor(key.joined ? joined : key.paths));
  keys_.push_back({key, std::move(fields), KeyTally(std::move(layout), window_bytes_)});
  return Status::Ok();
}

Status KeyCounter::Add(const EncodedBatch& batch) {
  for (const Document& document : batch.documents) {
    SplitKey(document.partition_key, &parts_);
    LookAtFields();
    const uint64_t bytes = document.body.size();
    const double units =
        partitioning_.UnitsOf(WriteKind::kInsert, static_cast<double>(bytes), document_fields_);
    for (CountedKey& key : keys_) RETURN_IF_ERROR(AddTo(key, bytes, units));
  }
  return Status::Ok();
}

void KeyCounter::LookAtFields() {
  values_.clear();
  for (const std::string_view part : parts_) {
    values_.push_back({part == kNullPart, part == kMissingPart, TooLong(part)});
  }
}

bool KeyCounter::TooLong(std::string_view part) const {
  return part.size() > key_bytes_max_ && ValueBytes(part) > key_bytes_max_;
}

Status KeyCounter::AddTo(CountedKey& key, uint64_t bytes, double units) {
  KeyValue value;
  key_parts_.clear();
  for (const uint32_t field : key.fields) {
    key_parts_.push_back(parts_[field]);
    value.has_null |= values_[field].null;
    value.is_missing |= values_[field].missing;
    value.too_long |= values_[field].too_long;
  }
  if (key.key.joined) {
    MakeJoined(key_parts_, &text_);
    value.too_long |= TooLong(std::string_view(text_).substr(1, text_.size() - 2));
  } else {
    MakeLevels(key_parts_, &text_);
  }
  value.text = text_;
  return key.tally.Add(value, bytes, units);
}

}  // namespace spillway
