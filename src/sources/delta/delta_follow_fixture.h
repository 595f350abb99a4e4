// For tests: a table written by hand, and someone who follows it.
#ifndef SPILLWAY_SOURCES_DELTA_DELTA_FOLLOW_FIXTURE_H_
#define SPILLWAY_SOURCES_DELTA_DELTA_FOLLOW_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "sources/delta/delta_source.h"
#include "sources/delta/delta_test_table.h"

namespace spillway {

inline constexpr const char* kFeedOn = R"("delta.enableChangeDataFeed":"true")";
inline constexpr const char* kFeedOff = R"("delta.enableChangeDataFeed":"false")";

class DeltaFollowFixture : public ::testing::Test {
 protected:
  // Version 0: the protocol, the columns, the file a.parquet. Following starts behind it.
  void Create(const std::string& configuration, const std::string& features = "",
              const std::string& partition_values = "");
  std::string Metadata(const std::string& configuration, const std::string& id = "table-1") const {
    return MetadataAction(columns_, partitions_, configuration, id);
  }
  // A copy of testdata/rows.parquet and its action.
  std::string Add(const std::string& path, const std::string& deletion_vector = "");
  std::string Remove(const std::string& path, const std::string& deletion_vector = "") const;
  std::string Feed(const std::string& path, const std::string& testdata = "");
  static std::string WithoutDataChange(std::string action);

  std::unique_ptr<Source> OpenSource() const;
  // The position of the latest version.
  std::string Position() const;
  Result<std::unique_ptr<ChangeLog>> TryFollow();
  // Behind version 0, unless request_.after says otherwise.
  std::unique_ptr<ChangeLog> Follow();
  // The next changes; a failure is a failure of the test.
  static std::unique_ptr<VersionChanges> Take(ChangeLog& log);
  // The changes of version 1.
  std::unique_ptr<VersionChanges> Only();

  DeltaTestTable table_;
  ChangesRequest request_;
  std::string columns_ = Simple("id", "long") + ',' + Simple("name", "string");
  std::string partitions_;
};

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_DELTA_FOLLOW_FIXTURE_H_
