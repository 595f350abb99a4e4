#include "sources/delta/delta_follow_fixture.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"

namespace spillway {

void DeltaFollowFixture::Create(const std::string& configuration, const std::string& features,
                                const std::string& partition_values) {
  const std::string protocol =
      features.empty()
          ? R"("minReaderVersion":1,"minWriterVersion":4)"
          : fmt::format(R"("minReaderVersion":3,"minWriterVersion":7,"readerFeatures":[{0}],)"
                        R"("writerFeatures":[{0},"changeDataFeed"])",
                        features);
  table_.Place("a.parquet", "rows.parquet");
  table_.Commit({ProtocolAction(protocol), Metadata(configuration),
                 AddAction("a.parquet", TestdataSize("rows.parquet"),
                           {.partition_values = partition_values})});
  request_.after = Position();
}

std::string DeltaFollowFixture::Add(const std::string& path, const std::string& deletion_vector) {
  if (!std::filesystem::exists(table_.path(path))) table_.Place(path, "rows.parquet");
  return AddAction(path, TestdataSize("rows.parquet"), {.deletion_vector = deletion_vector});
}

std::string DeltaFollowFixture::Remove(const std::string& path,
                                       const std::string& deletion_vector) const {
  return RemoveAction(path, TestdataSize("rows.parquet"), {.deletion_vector = deletion_vector});
}

std::string DeltaFollowFixture::Feed(const std::string& path, const std::string& testdata) {
  const std::string file = testdata.empty() ? path : testdata;
  table_.Place(path, file);
  return FeedAction(path, TestdataSize(file));
}

std::string DeltaFollowFixture::WithoutDataChange(std::string action) {
  const std::string changes = R"("dataChange":true)";
  const size_t at = action.find(changes);
  SPILLWAY_CHECK(at != std::string::npos);
  return action.replace(at, changes.size(), R"("dataChange":false)");
}

std::unique_ptr<Source> DeltaFollowFixture::OpenSource() const {
  auto source = MakeDeltaSource({.root = table_.root()});
  EXPECT_TRUE(source.ok()) << source.status().ToString();
  return *std::move(source);
}

std::string DeltaFollowFixture::Position() const {
  const auto snapshot = OpenSource()->OpenSnapshot({}, {});
  EXPECT_TRUE(snapshot.ok()) << snapshot.status().ToString();
  return snapshot.ok() ? (*snapshot)->position() : "";
}

Result<std::unique_ptr<ChangeLog>> DeltaFollowFixture::TryFollow() {
  return OpenSource()->OpenChanges(request_, {});
}

std::unique_ptr<ChangeLog> DeltaFollowFixture::Follow() {
  auto log = TryFollow();
  if (!log.ok()) ADD_FAILURE() << log.status().ToString();
  SPILLWAY_CHECK(log.ok());
  return *std::move(log);
}

std::unique_ptr<VersionChanges> DeltaFollowFixture::Take(ChangeLog& log) {
  auto changes = log.Next({});
  EXPECT_TRUE(changes.ok()) << changes.status().ToString();
  return changes.ok() ? *std::move(changes) : nullptr;
}

std::unique_ptr<VersionChanges> DeltaFollowFixture::Only() {
  auto changes = Take(*Follow());
  SPILLWAY_CHECK(changes != nullptr);
  return changes;
}

}  // namespace spillway
