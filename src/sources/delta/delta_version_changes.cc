#include "sources/delta/delta_version_changes.h"

#include <fmt/format.h>

#include <utility>

#include "sources/delta/delta_file_reader.h"
#include "sources/delta/scan_files.h"

namespace spillway {
namespace {

constexpr const char* kVacuumed =
    "VACUUM removes files that the table no longer needs once they are older than "
    "delta.deletedFileRetentionDuration (7 days unless set): what they told is lost. Load the "
    "table anew with --resync.";

class DeltaImageReader : public ImageReader {
 public:
  explicit DeltaImageReader(std::unique_ptr<DeltaFileReader> file) : file_(std::move(file)) {}

  Result<std::optional<ImageBatch>> Next(const CallContext& ctx) override {
    return file_->NextImages(ctx);
  }

 private:
  const std::unique_ptr<DeltaFileReader> file_;
};

}  // namespace

Result<std::unique_ptr<VersionChanges>> DeltaVersionChanges::Make(ScanHandle scan, ChangesInfo info,
                                                                  std::string location,
                                                                  uint64_t batch_bytes_target) {
  RETURN_IF_ERROR(CheckCountable(scan.get(), location));
  std::unique_ptr<DeltaVersionChanges> changes(new DeltaVersionChanges(
      std::move(scan), std::move(info), std::move(location), batch_bytes_target));
  const BridgeScan* files = changes->scan_.get();
  ASSIGN_OR_RETURN(changes->schema_, SchemaOf(files, changes->location_));
  const size_t count = bridge_scan_file_count(files);
  changes->splits_.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const BridgeFile file = FileAt(files, i);
    changes->splits_.push_back({.key = SplitKey(file), .bytes = file.size, .rows = LiveRows(file)});
  }
  return std::unique_ptr<VersionChanges>(std::move(changes));
}

DeltaVersionChanges::DeltaVersionChanges(ScanHandle scan, ChangesInfo info, std::string location,
                                         uint64_t batch_bytes_target)
    : scan_(std::move(scan)),
      info_(std::move(info)),
      location_(std::move(location)),
      batch_bytes_target_(batch_bytes_target) {}

Result<std::unique_ptr<ImageReader>> DeltaVersionChanges::OpenSplit(uint32_t index,
                                                                    const CallContext& ctx) const {
  if (index >= splits_.size()) {
    return InvalidArgument(fmt::format("split {} of {}", index, splits_.size()));
  }
  const DeltaFileReader::Work work{
      .scan = scan_.get(),
      .file = index,
      .split = index,
      .skip_rows = 0,
      .batch_bytes_target = batch_bytes_target_,
      .what = fmt::format("what version {} of {} changed", info_.version, location_),
      .missing_hint = kVacuumed,
      .schema = schema_};
  ASSIGN_OR_RETURN(auto file, DeltaFileReader::Open(work, ctx));
  return std::unique_ptr<ImageReader>(std::make_unique<DeltaImageReader>(std::move(file)));
}

}  // namespace spillway
