// What one version of a Delta table changed, or several told as one.
#ifndef SPILLWAY_SOURCES_DELTA_DELTA_VERSION_CHANGES_H_
#define SPILLWAY_SOURCES_DELTA_DELTA_VERSION_CHANGES_H_

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "connector/change_log.h"
#include "sources/delta/bridge_handle.h"

namespace spillway {

class DeltaVersionChanges : public VersionChanges {
 public:
  // `location` is for messages.
  static Result<std::unique_ptr<VersionChanges>> Make(ScanHandle scan, ChangesInfo info,
                                                      std::string location,
                                                      uint64_t batch_bytes_target);

  const ChangesInfo& info() const override { return info_; }
  std::shared_ptr<const OwnedSchema> schema() const override { return schema_; }
  std::span<const Split> splits() const override { return splits_; }
  Result<std::unique_ptr<ImageReader>> OpenSplit(uint32_t index,
                                                 const CallContext& ctx) const override;

 private:
  DeltaVersionChanges(ScanHandle scan, ChangesInfo info, std::string location,
                      uint64_t batch_bytes_target);

  const ScanHandle scan_;
  const ChangesInfo info_;
  const std::string location_;
  const uint64_t batch_bytes_target_;
  std::shared_ptr<const OwnedSchema> schema_;
  std::vector<Split> splits_;  // one per file of the scan
};

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_DELTA_VERSION_CHANGES_H_
