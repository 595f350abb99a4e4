// Tables of changes that other programs wrote (test/tables/changes), held to what these programs
// read of them: the rows of every version, and the change feed where there is one.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "sources/delta/delta_source.h"
#include "sources/delta/delta_test_table.h"

namespace spillway {
namespace {

using ::testing::HasSubstr;

const std::filesystem::path kTables = SPILLWAY_CHANGE_TABLES;

using Rows = std::multiset<std::string>;

Rows LinesOf(const std::filesystem::path& file) {
  std::ifstream in(file);
  EXPECT_TRUE(in.is_open()) << file;
  Rows lines;
  for (std::string line; std::getline(in, line);) lines.insert(line);
  return lines;
}

// about.json (test/tables/change_tables.py).
struct About {
  std::vector<std::string> columns;
  int64_t first = 0;
  int64_t last = 0;
  std::vector<std::string> methods;
  std::string stops;
  std::map<std::string, int64_t> times;
};

About ReadAbout(const std::filesystem::path& folder) {
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.load((folder / "about.json").string());
  About about;
  for (const auto column : root["columns"]) about.columns.emplace_back(std::string_view(column));
  for (const auto method : root["methods"]) about.methods.emplace_back(std::string_view(method));
  about.first = root["first"];
  about.last = root["last"];
  about.stops = std::string_view(root["stops"]);
  for (const auto& [version, time] : simdjson::dom::object(root["times"])) {
    about.times.emplace(version, int64_t(time));
  }
  return about;
}

class DeltaTables : public ::testing::TestWithParam<std::string> {
 protected:
  DeltaTables()
      : folder_(kTables / GetParam()),
        about_(ReadAbout(folder_)),
        source_(*MakeDeltaSource({.root = (folder_ / "table").string()})) {
    const auto snapshot = Load(about_.first);
    request_.after = snapshot->position();
    request_.columns = about_.columns;
    rows_ = RowsOf(*snapshot);
  }

  std::unique_ptr<Snapshot> Load(int64_t version) {
    SnapshotRequest request;
    request.at.version = version;
    request.columns = about_.columns;
    auto snapshot = source_->OpenSnapshot(request, {});
    EXPECT_TRUE(snapshot.ok()) << snapshot.status().ToString();
    return *std::move(snapshot);
  }

  static Rows RowsOf(const Snapshot& snapshot) {
    const std::vector<std::string> rows = ReadRows(snapshot);
    return {rows.begin(), rows.end()};
  }

  std::unique_ptr<ChangeLog> Follow() {
    auto log = source_->OpenChanges(request_, {});
    EXPECT_TRUE(log.ok()) << log.status().ToString();
    return *std::move(log);
  }

  std::unique_ptr<VersionChanges> Take(ChangeLog& log) {
    auto changes = log.Next({});
    EXPECT_TRUE(changes.ok()) << changes.status().ToString();
    return changes.ok() ? *std::move(changes) : nullptr;
  }

  // Every old image is a row that is there; afterwards the new ones are.
  void Apply(const std::vector<std::string>& images) {
    for (const std::string& image : images) {
      if (image[0] == '+') rows_.insert(image.substr(1));
    }
    for (const std::string& image : images) {
      if (image[0] == '+') continue;
      const auto found = rows_.find(image.substr(1));
      ASSERT_NE(found, rows_.end()) << image;
      rows_.erase(found);
    }
  }

  Rows ExpectedRows(int64_t version) const {
    return LinesOf(folder_ / fmt::format("rows.{}.txt", version));
  }

  const std::filesystem::path folder_;
  const About about_;
  const std::unique_ptr<Source> source_;
  ChangesRequest request_;
  Rows rows_;  // as they should be at the version
};

TEST_P(DeltaTables, EachVersionIsToldAsItsWriterTellsIt) {
  EXPECT_EQ(rows_, ExpectedRows(about_.first));
  const auto log = Follow();
  for (int64_t version = about_.first + 1; version <= about_.last; ++version) {
    SCOPED_TRACE(fmt::format("version {}", version));
    const auto changes = Take(*log);
    ASSERT_NE(changes, nullptr);
    EXPECT_EQ(changes->info().version, version);
    const std::vector<std::string> images = ReadImages(*changes);
    const std::string& method = about_.methods[static_cast<size_t>(version - about_.first - 1)];
    if (method == "feed") {
      EXPECT_EQ(changes->info().method, ChangeMethod::kFeed);
      EXPECT_EQ(Rows(images.begin(), images.end()),
                LinesOf(folder_ / fmt::format("feed.{}.txt", version)));
    }
    Apply(images);
    EXPECT_EQ(rows_, ExpectedRows(version));
    const auto time = about_.times.find(std::to_string(version));
    if (time == about_.times.end()) continue;
    EXPECT_EQ(changes->info().timestamp_ms, time->second);
  }
  if (about_.stops.empty()) {
    EXPECT_EQ(Take(*log), nullptr);
    return;
  }
  const auto next = log->Next({});
  const std::string message =
      next.ok() ? ReadImages(**next).front() : std::string(next.status().ToString());
  EXPECT_THAT(message, AllOf(HasSubstr("data loss"), HasSubstr(about_.stops)));
}

TEST_P(DeltaTables, EveryVersionIsAPlaceToGoOnFrom) {
  for (int64_t version = about_.first + 1; version <= about_.last; ++version) {
    SCOPED_TRACE(fmt::format("version {}", version));
    const auto changes = Take(*Follow());
    ASSERT_NE(changes, nullptr);
    Apply(ReadImages(*changes));
    EXPECT_EQ(rows_, ExpectedRows(version));
    request_.after = changes->info().position;
  }
}

TEST_P(DeltaTables, FilesTellTheSameAsTheFeed) {
  request_.policy = ChangePolicy::kFiles;
  const auto log = Follow();
  for (int64_t version = about_.first + 1; version <= about_.last; ++version) {
    SCOPED_TRACE(fmt::format("version {}", version));
    const auto changes = Take(*log);
    ASSERT_NE(changes, nullptr);
    Apply(ReadImages(*changes));
    EXPECT_EQ(rows_, ExpectedRows(version));
  }
}

TEST_P(DeltaTables, TheDifferenceOfAnyTwoVersionsLeadsFromOneToTheOther) {
  request_.policy = ChangePolicy::kDiff;
  for (int64_t from = about_.first; from < about_.last; ++from) {
    const auto snapshot = Load(from);
    request_.after = snapshot->position();
    for (const int64_t to : {from + 1, (from + about_.last + 1) / 2, about_.last}) {
      SCOPED_TRACE(fmt::format("from {} to {}", from, to));
      request_.until = to;
      rows_ = RowsOf(*snapshot);
      const auto changes = Take(*Follow());
      ASSERT_NE(changes, nullptr);
      EXPECT_EQ(changes->info().version, to);
      Apply(ReadImages(*changes));
      EXPECT_EQ(rows_, ExpectedRows(to));
    }
  }
}

std::vector<std::string> TableNames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kTables)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, DeltaTables, ::testing::ValuesIn(TableNames()),
                         [](const auto& table) { return table.param; });

}  // namespace
}  // namespace spillway
