#include "destinations/file/file_destination.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "json/document_key.h"

namespace spillway {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FileDestinationTest : public ::testing::Test {
 protected:
  FileDestinationTest() {
    std::string name = (fs::temp_directory_path() / "spillway-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    options_.folder = folder_;
    options_.container = "products";
    options_.partition_key_paths = {"/k"};
    options_.partitions = 4;
    options_.sync = false;
  }
  ~FileDestinationTest() override { fs::remove_all(folder_); }

  std::unique_ptr<Destination> Open() const {
    auto made = MakeFileDestination(options_);
    EXPECT_TRUE(made.ok()) << made.status().ToString();
    EXPECT_TRUE((*made)->Prepare(false, {}).ok());
    return *std::move(made);
  }

  // Lives as long as the test.
  Document Make(const std::string& key, const std::string& id, int value, Intent intent) {
    Document document;
    document.intent = intent;
    document.partition_key = Keep("[\"" + key + "\"]");
    document.id = Keep(id);
    if (intent == Intent::kUpsert) {
      document.body = Keep(fmt::format(R"({{"id":"{}","k":"{}","v":{}}})", id, key, value));
    }
    document.identity = DocumentIdentity(document.partition_key, document.id);
    return document;
  }
  Document Upsert(const std::string& key, const std::string& id, int value) {
    return Make(key, id, value, Intent::kUpsert);
  }
  Document Delete(const std::string& key, const std::string& id) {
    return Make(key, id, 0, Intent::kDelete);
  }

  static void Write(Destination& destination, const std::vector<Document>& documents) {
    const auto writer = destination.OpenWriter(WriteMode::kMirror, {});
    ASSERT_TRUE(writer.ok());
    const auto report = (*writer)->Write(documents, {});
    ASSERT_TRUE(report.ok());
    EXPECT_THAT(report->failures, IsEmpty());
  }

  static std::vector<std::string> Bodies(Destination& destination) {
    std::vector<std::string> bodies;
    const auto readers = destination.OpenReaders({});
    EXPECT_TRUE(readers.ok()) << readers.status().ToString();
    for (const auto& reader : *readers) {
      while (true) {
        const auto page = reader->NextPage({});
        EXPECT_TRUE(page.ok()) << page.status().ToString();
        if (!page.ok() || page->empty()) break;
        for (const StoredDocument& document : *page) bodies.emplace_back(document.body);
      }
    }
    std::sort(bodies.begin(), bodies.end());
    return bodies;
  }

  std::vector<std::string> Files(const std::string& ending) const {
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(folder_ + "/products")) {
      const std::string path = entry.path().string();
      if (path.ends_with(ending) && fs::file_size(path) > 0) files.push_back(path);
    }
    std::sort(files.begin(), files.end());
    return files;
  }
  static std::string Content(const std::string& path) {
    std::stringstream content;
    content << std::ifstream(path, std::ios::binary).rdbuf();
    return content.str();
  }

  std::string_view Keep(std::string text) {
    texts_.push_back(std::make_unique<std::string>(std::move(text)));
    return *texts_.back();
  }

  std::string folder_;
  FileOptions options_;
  std::vector<std::unique_ptr<std::string>> texts_;
};

TEST_F(FileDestinationTest, AFinishedWriterLeavesOneFileOfLinesPerPartition) {
  const auto destination = Open();
  Write(*destination, {Upsert("a", "1", 1), Upsert("a", "2", 2)});
  ASSERT_EQ(Files(".jsonl").size(), 1u);
  EXPECT_EQ(Content(Files(".jsonl")[0]),
            "{\"id\":\"1\",\"k\":\"a\",\"v\":1}\n{\"id\":\"2\",\"k\":\"a\",\"v\":2}\n");
  EXPECT_THAT(Files(".journal"), IsEmpty());
  EXPECT_THAT(Files(".new"), IsEmpty());
}

TEST_F(FileDestinationTest, WritesBeforeAMergeAreInTheJournalAndSurviveTheProcess) {
  const auto destination = Open();
  const auto writer = destination->OpenWriter(WriteMode::kMirror, {});
  ASSERT_TRUE((*writer)->Write(std::vector{Upsert("a", "1", 1)}, {}).ok());
  ASSERT_EQ(Files(".journal").size(), 1u);
  EXPECT_THAT(Files(".jsonl"), IsEmpty());
  EXPECT_EQ(*destination->ReadOne("[\"a\"]", "1", {}), R"({"id":"1","k":"a","v":1})");
}

TEST_F(FileDestinationTest, AnUnfinishedLineOfACrashIsDropped) {
  {
    const auto destination = Open();
    Write(*destination, {Upsert("a", "1", 1)});
  }
  const std::string part = Files(".jsonl")[0];
  const std::string journal = part.substr(0, part.size() - 6) + ".journal";
  std::ofstream(journal, std::ios::binary)
      << "{\"id\":\"2\",\"k\":\"a\",\"v\":2}\n{\"id\":\"3\",\"k";
  const auto destination = Open();
  EXPECT_THAT(Bodies(*destination),
              ElementsAre(R"({"id":"1","k":"a","v":1})", R"({"id":"2","k":"a","v":2})"));
  Write(*destination, {Upsert("a", "3", 3)});
  EXPECT_EQ(Bodies(*destination).size(), 3u);
}

TEST_F(FileDestinationTest, ACrashBetweenMergeAndEmptyingTheJournalChangesNothing) {
  std::string part, journal, lines;
  {
    const auto destination = Open();
    Write(*destination, {Upsert("a", "1", 1), Upsert("a", "2", 2)});
    part = Files(".jsonl")[0];
    journal = part.substr(0, part.size() - 6) + ".journal";
    const auto writer = destination->OpenWriter(WriteMode::kMirror, {});
    ASSERT_TRUE((*writer)->Write(std::vector{Upsert("a", "1", 9), Delete("a", "2")}, {}).ok());
    lines = Content(journal);
  }
  ASSERT_FALSE(lines.empty());
  std::ofstream(journal, std::ios::binary) << lines;
  EXPECT_THAT(Bodies(*Open()), ElementsAre(R"({"id":"1","k":"a","v":9})"));
}

TEST_F(FileDestinationTest, TheLastWriteInTheJournalWins) {
  const auto destination = Open();
  const auto writer = destination->OpenWriter(WriteMode::kMirror, {});
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE((*writer)->Write(std::vector{Upsert("a", "1", i)}, {}).ok());
  }
  ASSERT_TRUE((*writer)->Write(std::vector{Delete("a", "1")}, {}).ok());
  ASSERT_TRUE((*writer)->Write(std::vector{Upsert("a", "1", 7)}, {}).ok());
  EXPECT_THAT(Bodies(*destination), ElementsAre(R"({"id":"1","k":"a","v":7})"));
}

TEST_F(FileDestinationTest, DocumentsOverSeveralLinesAreWrittenOnOne) {
  const auto destination = Open();
  Document document = Upsert("a", "1", 1);
  document.body = "{\"id\":\"1\",\n\"k\":\"a\"}\r\n";
  Write(*destination, {document});
  EXPECT_THAT(Bodies(*destination), ElementsAre("{\"id\":\"1\", \"k\":\"a\"}  "));
}

TEST_F(FileDestinationTest, AContainerIsInUseByOneRunAtATime) {
  const auto first = Open();
  const auto second = MakeFileDestination(options_);
  EXPECT_EQ((*second)->Prepare(false, {}).status().code(), StatusCode::kLocked);
}

TEST_F(FileDestinationTest, ADryRunSaysWhatItWouldCreateAndCreatesNothing) {
  const auto destination = MakeFileDestination(options_);
  const auto preparation = (*destination)->Prepare(true, {});
  ASSERT_TRUE(preparation.ok());
  ASSERT_EQ(preparation->steps.size(), 1u);
  EXPECT_THAT(preparation->steps[0], HasSubstr("products (4 files, key /k)"));
  EXPECT_FALSE(fs::exists(folder_ + "/products"));
}

TEST_F(FileDestinationTest, AnExistingContainerKeepsItsPartitionsAndItsKey) {
  Write(*Open(), {Upsert("a", "1", 1)});
  options_.partitions = 64;
  EXPECT_EQ((*Open()->PlanLanes(100, {})).lower_bounds.size(), 4u);
  options_.partition_key_paths = {"/other"};
  const auto destination = MakeFileDestination(options_);
  const Status status = (*destination)->Prepare(false, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kConflict);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("has the partition key /k, the pipeline has /other"));
}

TEST_F(FileDestinationTest, WhatIsNotAContainerIsRefused) {
  fs::create_directories(folder_ + "/products");
  for (const char* text :
       {"", "{}", "{\"version\":2,\"partitions\":4,\"partition_key\":[]}", "[1]"}) {
    std::ofstream(folder_ + "/products/_container.json") << text;
    const auto destination = MakeFileDestination(options_);
    EXPECT_EQ((*destination)->Prepare(false, {}).status().code(), StatusCode::kDataLoss) << text;
  }
}

TEST_F(FileDestinationTest, ABrokenLineIsNamedByFileAndByte) {
  Write(*Open(), {Upsert("a", "1", 1)});
  const std::string part = Files(".jsonl")[0];
  std::ofstream(part, std::ios::app) << "not json\n";
  const auto destination = Open();
  const auto writer = destination->OpenWriter(WriteMode::kMirror, {});
  const auto report = (*writer)->Write(std::vector{Delete("a", "1")}, {});
  ASSERT_TRUE(report.ok());
  ASSERT_EQ(report->failures.size(), 1u);
  EXPECT_EQ(report->failures[0].disposition, Disposition::kStop);
  EXPECT_THAT(report->failures[0].status.ToString(), HasSubstr(part + " at byte 25"));
}

TEST_F(FileDestinationTest, OptionsAreCheckedAllAtOnce) {
  const auto made = MakeFileDestination(
      {.folder = "", .container = "../x", .partition_key_paths = {"k"}, .partitions = 0});
  EXPECT_EQ(made.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(made.status().message()), HasSubstr("folder"));
  EXPECT_THAT(std::string(made.status().message()), HasSubstr("../x"));
  EXPECT_THAT(std::string(made.status().message()), HasSubstr("partitions is 0"));
  EXPECT_THAT(std::string(made.status().message()), HasSubstr("\"k\" is not like"));
}

TEST_F(FileDestinationTest, AFileInPlaceOfTheFolderIsSaid) {
  std::ofstream(folder_ + "/products") << "x";
  const auto destination = MakeFileDestination(options_);
  EXPECT_EQ((*destination)->Check({}).code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace spillway
