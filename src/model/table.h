// What a source tells about a table: for `inspect` and `plan`, and as the identity of a run's
// input.
#ifndef SPILLWAY_MODEL_TABLE_H_
#define SPILLWAY_MODEL_TABLE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace spillway {

struct ColumnInfo {
  std::string name;
  std::string type;  // in the source's words: "decimal(12,2)", "struct<a:int>"
  bool nullable = true;
  bool partition = false;
};

struct TableFeature {
  std::string name;       // in the protocol's spelling: "deletionVectors"
  bool supported = true;  // can we read a table that has it?
};

struct TableInfo {
  std::string location;  // as a URL, without credentials
  std::string table_id;  // changes when the table is re-created
  int64_t version = 0;
  std::optional<int64_t> timestamp_ms;  // of that version, UTC
  std::vector<ColumnInfo> columns;
  std::vector<std::string> partition_columns;
  std::vector<TableFeature> features;  // reader and writer features in use
  std::map<std::string, std::string> properties;
  uint64_t files = 0;
  uint64_t bytes = 0;            // compressed, as the log says
  std::optional<uint64_t> rows;  // absent when a file has no statistics
  uint64_t file_bytes_max = 0;
  bool change_feed = false;                  // on at this version
  std::optional<int64_t> change_feed_since;  // the version that turned it on, when still in the log
};

// A unit of parallel reading: one data file under its deletion vector.
struct Split {
  std::string key;               // stable name of this work: path and deletion-vector id
  uint64_t bytes = 0;            // compressed
  std::optional<uint64_t> rows;  // live rows, when the log says
};

}  // namespace spillway

#endif  // SPILLWAY_MODEL_TABLE_H_
