// One version of a Delta table and its sorted work list.
#ifndef SPILLWAY_SOURCES_DELTA_DELTA_SNAPSHOT_H_
#define SPILLWAY_SOURCES_DELTA_DELTA_SNAPSHOT_H_

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "connector/source.h"
#include "sources/delta/bridge_handle.h"

namespace spillway {

class DeltaSnapshot : public Snapshot {
 public:
  // `info` lacks what the file list says; Make fills it in.
  static Result<std::unique_ptr<Snapshot>> Make(ScanHandle scan, TableInfo info,
                                                std::string position, uint64_t batch_bytes_target);

  const TableInfo& info() const override { return info_; }
  std::shared_ptr<const OwnedSchema> schema() const override { return schema_; }
  std::span<const Split> splits() const override { return splits_; }
  std::string position() const override { return position_; }
  Result<std::unique_ptr<SplitReader>> OpenSplit(uint32_t index, uint64_t skip_rows,
                                                 const CallContext& ctx) const override;
  Result<std::unique_ptr<SplitReader>> OpenRows(uint32_t index, std::span<const uint64_t> rows,
                                                const CallContext& ctx) const override;

 private:
  Result<std::unique_ptr<SplitReader>> Open(uint32_t index, uint64_t skip_rows,
                                            std::optional<std::span<const uint64_t>> rows,
                                            const CallContext& ctx) const;
  DeltaSnapshot(ScanHandle scan, TableInfo info, std::string position, uint64_t batch_bytes_target);

  void ListSplits();

  const ScanHandle scan_;
  TableInfo info_;
  const std::string position_;
  const uint64_t batch_bytes_target_;
  std::shared_ptr<const OwnedSchema> schema_;
  std::vector<Split> splits_;
  std::vector<uint32_t> file_of_split_;  // index into the scan's files
};

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_DELTA_SNAPSHOT_H_
