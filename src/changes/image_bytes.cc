#include "changes/image_bytes.h"

#include <algorithm>

namespace spillway {

Status ImageBytes::Append(std::string_view text) {
  if (memory_.size() + text.size() > memory_bytes_max_) RETURN_IF_ERROR(Spill());
  memory_.append(text);
  return Status::Ok();
}

Status ImageBytes::Keep(const Document& document, ImageRecord& record) {
  record.offset = size();
  record.partition_key_bytes = static_cast<uint32_t>(document.partition_key.size());
  record.id_bytes = static_cast<uint32_t>(document.id.size());
  record.etag_bytes = static_cast<uint32_t>(document.etag.size());
  record.body_bytes = static_cast<uint32_t>(document.body.size());
  for (const std::string_view text :
       {document.partition_key, document.id, document.etag, document.body}) {
    RETURN_IF_ERROR(Append(text));
  }
  return Status::Ok();
}

Status ImageBytes::Spill() {
  if (memory_.empty()) return Status::Ok();
  if (file_ == nullptr) {
    ASSIGN_OR_RETURN(file_, SpillFile::CreateTemporary(path_));
  }
  RETURN_IF_ERROR(file_->Append(memory_.data(), memory_.size()));
  spilled_ += memory_.size();
  memory_.clear();
  return Status::Ok();
}

// The texts of one image may stand on both sides of the border.
Status ImageBytes::Read(uint64_t offset, uint64_t bytes, std::string* out) const {
  if (offset < spilled_) {
    const uint64_t in_file = std::min(bytes, spilled_ - offset);
    const size_t begin = out->size();
    out->resize(begin + in_file);
    RETURN_IF_ERROR(file_->ReadAt(offset, out->data() + begin, in_file));
    offset += in_file;
    bytes -= in_file;
  }
  if (bytes > 0) out->append(memory_, offset - spilled_, bytes);
  return Status::Ok();
}

}  // namespace spillway
