// For tests: Delta tables written by hand, action by action, and rows as text.
#ifndef SPILLWAY_SOURCES_DELTA_DELTA_TEST_TABLE_H_
#define SPILLWAY_SOURCES_DELTA_DELTA_TEST_TABLE_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "connector/source.h"

namespace spillway {

// A table in a temporary folder of its own, removed at the end.
class DeltaTestTable {
 public:
  DeltaTestTable();
  ~DeltaTestTable();
  DeltaTestTable(const DeltaTestTable&) = delete;
  DeltaTestTable& operator=(const DeltaTestTable&) = delete;

  // Writes the next version. Each action is one JSON object.
  DeltaTestTable& Commit(const std::vector<std::string>& actions);
  // Starts over: the next Commit writes version `version`.
  DeltaTestTable& ContinueAt(int64_t version);
  // Writes any file, at a path relative to the table.
  DeltaTestTable& Write(const std::string& path, std::string_view content);
  // Copies a file of testdata/ to `path`.
  DeltaTestTable& Place(const std::string& path, const std::string& testdata);

  std::string root() const { return root_.string(); }
  std::filesystem::path path(const std::string& below) const { return root_ / below; }

 private:
  const std::filesystem::path root_;
  int64_t next_version_ = 0;
};

// The size of a file of testdata/, for its add action.
uint64_t TestdataSize(const std::string& testdata);

std::string ProtocolAction(
    const std::string& json = R"("minReaderVersion":1,"minWriterVersion":2)");
// `columns`: JSON objects of fields; `partitions`: names; `configuration`: JSON members.
std::string MetadataAction(const std::string& columns, const std::string& partitions = "",
                           const std::string& configuration = "",
                           const std::string& id = "table-1");
// A nullable field. `type`: a JSON string or object; `metadata`: JSON members.
std::string Field(const std::string& name, const std::string& type,
                  const std::string& metadata = "");
std::string Simple(const std::string& name, const std::string& type);

struct AddOptions {
  std::string partition_values = {};  // JSON members
  std::string stats = {};             // JSON object as it stands in the string
  std::string deletion_vector = {};   // JSON object
};
std::string AddAction(const std::string& path, uint64_t size, const AddOptions& options = {});
// As a writer of today says it: with size and partition values.
std::string RemoveAction(const std::string& path, uint64_t size, const AddOptions& options = {});
// A file of the change feed.
std::string FeedAction(const std::string& path, uint64_t size,
                       const std::string& partition_values = "");
// The fields of testdata/rows.parquet.
std::string RowsFields();
// An inline deletion vector of these physical rows (ascending), as a JSON object.
std::string InlineDeletionVector(const std::vector<uint16_t>& rows);

// The rows of a batch, columns joined by '|', NULL as "∅".
std::vector<std::string> RenderRows(const Batch& batch);
// All rows of all splits, in order. A failure becomes the only row.
std::vector<std::string> ReadRows(const Snapshot& snapshot);
// The images of a batch: the rows with '+' (new) or '-' (old) in front.
std::vector<std::string> RenderImages(const ImageBatch& batch);
// All images of all splits, in order. A failure becomes the only one.
std::vector<std::string> ReadImages(const VersionChanges& changes);

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_DELTA_TEST_TABLE_H_
