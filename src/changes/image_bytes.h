// ImageBytes: the texts of a window's images one after the other: in memory while they fit, in a
// private file that goes with the process when they do not.
#ifndef SPILLWAY_CHANGES_IMAGE_BYTES_H_
#define SPILLWAY_CHANGES_IMAGE_BYTES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "changes/image_record.h"
#include "engine/spill_file.h"
#include "model/document.h"

namespace spillway {

// Append: one thread at a time. Read: any, once nothing is appended any more.
class ImageBytes {
 public:
  // `path` is where it spills, if it has to.
  ImageBytes(std::string path, uint64_t memory_bytes_max)
      : path_(std::move(path)), memory_bytes_max_(memory_bytes_max) {}

  // Where `text` stands from now on.
  uint64_t size() const { return spilled_ + memory_.size(); }
  Status Append(std::string_view text);
  // Appends the texts of the document; the record then says where they stand.
  Status Keep(const Document& document, ImageRecord& record);
  // Appends the `bytes` from `offset` on to `out`.
  Status Read(uint64_t offset, uint64_t bytes, std::string* out) const;
  bool spilled() const { return file_ != nullptr; }

 private:
  Status Spill();

  const std::string path_;
  const uint64_t memory_bytes_max_;
  std::string memory_;    // from spilled_ on
  uint64_t spilled_ = 0;  // bytes in the file
  std::unique_ptr<SpillFile> file_;
};

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_IMAGE_BYTES_H_
