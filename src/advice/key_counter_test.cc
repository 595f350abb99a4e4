#include "advice/key_counter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "advice/testing_layout.h"

namespace spillway {
namespace {

class TestingPartitioning final : public Partitioning {
 public:
  explicit TestingPartitioning(Facts facts) : Partitioning(std::move(facts)) {}
  double UnitsOf(WriteKind, double document_bytes, double fields) const override {
    return document_bytes / 100 + fields;
  }
  Result<std::shared_ptr<const PartitionLayout>> LayoutFor(
      std::span<const std::string> paths) const override {
    if (paths.size() > facts().key_levels_max) return InvalidArgument("too many levels");
    return std::shared_ptr<const PartitionLayout>(TestingLayout::Make(facts().ranges));
  }
};

struct Batches {
  void Add(const std::string& key, size_t body_bytes) {
    Document document;
    document.partition_key = texts.emplace_back(key);
    document.body = texts.emplace_back(body_bytes, 'x');
    batch.documents.push_back(document);
  }
  std::deque<std::string> texts;
  EncodedBatch batch;
};

TEST(KeyCounter, CountsEachCandidateByItsOwnParts) {
  const TestingPartitioning partitioning({.key_levels_max = 2, .ranges = 2});
  KeyCounter counter(partitioning, {"/id", "/a", "/b"}, 6, 1e6, 3);
  ASSERT_TRUE(counter.AddKey({{"/b"}, false, false, false}).ok());
  ASSERT_TRUE(counter.AddKey({{"/b", "/a"}, false, false, false}).ok());
  ASSERT_TRUE(counter.AddKey({{"/a", "/b"}, true, false, false}).ok());
  EXPECT_FALSE(counter.AddKey({{"/a", "/b", "/id"}, false, false, false}).ok());
  ASSERT_EQ(counter.keys().size(), 3u);
  Batches rows;
  rows.Add(R"(["1","x",7])", 100);
  rows.Add(R"(["2","x",7])", 300);
  rows.Add(R"(["3",null,7])", 100);
  rows.Add(R"(["4",{},8])", 100);
  rows.Add(R"(["5","long",888])", 100);  // fits alone, not joined
  ASSERT_TRUE(counter.Add(rows.batch).ok());

  const KeyFigures single = counter.keys()[0].tally.Figures();
  EXPECT_EQ(single.documents, 5u);
  EXPECT_EQ(single.distinct, 3);
  EXPECT_EQ(single.with_null + single.with_missing + single.too_long, 0u);
  EXPECT_EQ(single.bytes, 700);
  EXPECT_DOUBLE_EQ(single.units, 7 + 5 * 3);
  EXPECT_EQ(single.largest_key, "[7]");
  EXPECT_EQ(single.largest_bytes, 500);

  const KeyFigures levels = counter.keys()[1].tally.Figures();
  EXPECT_EQ(levels.distinct, 4);
  EXPECT_EQ(levels.with_null, 1u);
  EXPECT_EQ(levels.with_missing, 1u);
  EXPECT_EQ(levels.largest_key, R"([7,"x"])");

  const KeyFigures joined = counter.keys()[2].tally.Figures();
  EXPECT_EQ(joined.largest_key, R"(["x-7"])");
  EXPECT_EQ(joined.too_long, 1u);
}

}  // namespace
}  // namespace spillway
