// RowReport: everything that is known of one key: what the table's versions did to it, which runs
// covered them, rejections, the row as it is and the document that stands for it.
#ifndef SPILLWAY_APP_ROW_REPORT_H_
#define SPILLWAY_APP_ROW_REPORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/pipeline.h"
#include "changes/row_finder.h"

namespace spillway {

// Looked at when nothing else is asked for.
inline constexpr int64_t kVersionsLookedAt = 100;

struct CoveredVersion {
  RowVersion row;
  std::optional<int64_t> run_id;  // the first run that brought the destination there; known runs
};

// The row of one partition key, and its document.
struct RowNow {
  std::string partition_key;
  std::optional<FoundRow> row;          // at the version of the checkpoint
  std::optional<std::string> document;  // as the destination has it
  bool equal = false;
  std::vector<std::string> fields;  // that differ, at most 16
};

struct RowReport {
  int64_t version = 0;  // of the checkpoint
  int64_t after = 0;    // versions behind it were looked at
  std::string gap;      // why none before it could be; empty: nobody asked
  std::vector<CoveredVersion> versions;
  bool more = false;
  std::vector<RejectedRecord> rejected;
  std::vector<RowNow> now;
};

// `after`: versions behind it; nullopt: the latest kVersionsLookedAt, as far as the table tells
// them. kInvalidArgument: not loaded yet. kDataLoss: `after` asks for what is gone.
Result<RowReport> ReportRow(const Project& project, const PipelineConfig& pipeline,
                            const RowKey& key, const std::optional<int64_t>& after,
                            const CallContext& ctx);

// Whether a rejected row has this key.
bool IsOfKey(const RejectedRecord& record, const RowKey& key);

}  // namespace spillway

#endif  // SPILLWAY_APP_ROW_REPORT_H_
