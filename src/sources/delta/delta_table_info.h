// What the bridge says of a snapshot, as TableInfo; and what we refuse to read although the kernel
// would.
#ifndef SPILLWAY_SOURCES_DELTA_DELTA_TABLE_INFO_H_
#define SPILLWAY_SOURCES_DELTA_DELTA_TABLE_INFO_H_

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/table.h"
#include "sources/delta/delta_predicate.h"

namespace spillway {

struct DeltaTableDetails {
  TableInfo info;  // without what the file list says: files, bytes, rows, file_bytes_max
  LeafTypes leaf_types;
  std::set<std::string> variant_columns;               // hold a variant, at any depth
  std::set<std::string> columns_widened_in_container;  // inside of an array or a map
  std::string metadata;                                // the log's metaData action, a JSON object
  std::string protocol;                                // the log's protocol action, a JSON object
};

// `json` is what bridge_snapshot_details or bridge_definition_details returns; the latter tells
// neither version nor timestamp.
Result<DeltaTableDetails> ParseTableDetails(std::string_view json);

// `columns`: the projection; empty: all. kInvalidArgument for a column that the table does not
// have, kUnsupported (with the table feature's name) for one that would be read wrongly.
Status CheckReadable(const DeltaTableDetails& details, const std::vector<std::string>& columns);

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_DELTA_TABLE_INFO_H_
