// The whole client against the local server: real connections, real signatures, real hashing on
// both sides.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "connector/query_reading.h"
#include "connector/tuning.h"
#include "destinations/cosmosdb/cosmos_destination.h"
#include "destinations/cosmosdb/cosmos_query.h"
#include "destinations/cosmosdb/local_server_fixture.h"
#include "json/canonical_hash.h"

namespace spillway::cosmosdb {
namespace {

using testing::Each;
using testing::ElementsAre;

// Documents and the buffers that they point into.
struct Rows {
  std::deque<std::string> texts;
  std::vector<Document> documents;

  void Add(const std::string& id, const std::string& key, const std::string& fields,
           Intent intent = Intent::kUpsert) {
    Document document;
    document.intent = intent;
    document.id = texts.emplace_back(id);
    document.partition_key = texts.emplace_back(key);
    document.body = fields.empty() ? std::string_view() : texts.emplace_back(fields);
    documents.push_back(document);
  }
};

class CosmosServerTest : public LocalServerTest {
 protected:
  void Configure(emulator::RunOptions& run) override {
    run.server.default_ranges = 4;
    run.server.unlimited = true;
  }

  std::unique_ptr<Destination> Open() {
    auto made = MakeCosmosDestination(options_, Transports(), SystemClock());
    EXPECT_TRUE(made.ok()) << made.status().ToString();
    return *std::move(made);
  }

  // Prepares, writes everything in one Write per 100 rows, and expects no failure.
  void Load(Destination& destination, const Rows& rows, WriteMode mode = WriteMode::kMirror) {
    const auto prepared = destination.Prepare(false, {});
    ASSERT_TRUE(prepared.ok()) << prepared.status().ToString();
    auto writer = destination.OpenWriter(mode, {});
    ASSERT_TRUE(writer.ok()) << writer.status().ToString();
    const size_t rows_max = destination.capabilities().rows_max;
    for (size_t first = 0; first < rows.documents.size(); first += rows_max) {
      const size_t count = std::min(rows_max, rows.documents.size() - first);
      const auto report = (*writer)->Write({&rows.documents[first], count}, {});
      ASSERT_TRUE(report.ok()) << report.status().ToString();
      for (const RowFailure& failure : report->failures) {
        ADD_FAILURE() << failure.reason << ": " << failure.status.ToString();
      }
    }
  }

  // Partition key and id → body.
  std::map<std::string, std::string> ReadAll(Destination& destination) {
    std::map<std::string, std::string> found;
    auto readers = destination.OpenReaders({});
    EXPECT_TRUE(readers.ok()) << readers.status().ToString();
    if (!readers.ok()) return found;
    for (const auto& reader : *readers) {
      while (true) {
        const auto page = reader->NextPage({});
        EXPECT_TRUE(page.ok()) << page.status().ToString();
        if (!page.ok() || page->empty()) break;
        for (const StoredDocument& document : *page) {
          const std::string key = std::string(document.partition_key) + std::string(document.id);
          EXPECT_TRUE(found.emplace(key, document.body).second) << key << " came twice";
        }
      }
    }
    return found;
  }
};

const std::vector<std::string> kSystem = {"_rid", "_self", "_etag", "_ts", "_attachments"};

void ExpectSame(const Rows& rows, const std::map<std::string, std::string>& found) {
  ASSERT_EQ(found.size(), rows.documents.size());
  for (const Document& document : rows.documents) {
    const std::string key = std::string(document.partition_key) + std::string(document.id);
    const auto item = found.find(key);
    ASSERT_NE(item, found.end()) << key;
    EXPECT_EQ(*CanonicalHash(item->second, kSystem), *CanonicalHash(document.body, kSystem)) << key;
  }
}

Rows ManyRows(int count) {
  Rows rows;
  for (int i = 0; i < count; ++i) {
    const std::string id = std::to_string(i);
    rows.Add(id, "[\"k" + id + "\"]",
             R"({"id":")" + id + R"(","pk":"k)" + id + R"(","n":)" + id + ".5}");
  }
  return rows;
}

TEST_F(CosmosServerTest, SetsThroughputInBothKindsAndAsLowAsItGoes) {
  options_.create->throughput.manual = 600;
  const auto destination = Open();
  Tuning& tuning = *destination->tuning();
  EXPECT_EQ(tuning.ReadProvisioned({}).status().code(), StatusCode::kNotFound);
  ASSERT_TRUE(destination->Prepare(false, {}).ok());
  auto state = tuning.ReadProvisioned({});
  ASSERT_TRUE(state.ok()) << state.status().ToString();
  EXPECT_EQ(state->now, (ProvisionedThroughput{false, 600}));
  EXPECT_EQ(state->units_min, 400u);
  EXPECT_FALSE(state->change_pending);
  EXPECT_EQ(tuning.SetProvisioned({false, 50'000}, {})->now.units_per_second, 50'000u);
  EXPECT_EQ(tuning.SetProvisioned({true, 60'000}, {})->now, (ProvisionedThroughput{true, 60'000}));
  EXPECT_EQ(tuning.ReadProvisioned({})->now, (ProvisionedThroughput{true, 60'000}));
  EXPECT_EQ(tuning.SetProvisioned({false, 400}, {})->now, (ProvisionedThroughput{false, 600}));
  EXPECT_EQ(tuning.LeastAfter({true, 60'000}, false), 600u);
  const auto refused = tuning.SetProvisioned({false, 2'000'000}, {});
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(tuning.ReadProvisioned({})->now, (ProvisionedThroughput{false, 600}));
}

TEST_F(CosmosServerTest, LightensTheIndexPolicyAndSetsItBack) {
  options_.create->unique_keys = {{"/sku"}};
  options_.create->ttl_seconds = 3'600;
  const auto destination = Open();
  ASSERT_TRUE(destination->Prepare(false, {}).ok());
  Tuning& tuning = *destination->tuning();
  const IndexingState before = *tuning.ReadIndexing({});
  EXPECT_FALSE(before.is_light);
  EXPECT_EQ(before.progress_percent, 100u);
  const Status lightened = tuning.SetIndexing(before.light_policy, {});
  ASSERT_TRUE(lightened.ok()) << lightened.ToString();
  EXPECT_TRUE(tuning.ReadIndexing({})->is_light);
  ASSERT_TRUE(tuning.SetIndexing(before.policy, {}).ok());
  EXPECT_EQ(tuning.ReadIndexing({})->policy, before.policy);
}

TEST_F(CosmosServerTest, CreatesAContainerLoadsItAndReadsItBack) {
  const auto destination = Open();
  const Status checked = destination->Check({});
  ASSERT_TRUE(checked.ok()) << checked.ToString();
  const auto planned = destination->Prepare(true, {});
  EXPECT_THAT(planned->steps,
              ElementsAre("database shop", "container orders (no throughput of its own, key /pk)"));
  const Rows rows = ManyRows(2500);
  Load(*destination, rows);
  EXPECT_TRUE(destination->Prepare(false, {})->steps.empty()) << "nothing is left to create";
  ExpectSame(rows, ReadAll(*destination));
}

TEST_F(CosmosServerTest, EveryKindOfKeyIsRoutedAsTheServerStoresIt) {
  Rows rows;
  int n = 0;
  for (const char* value :
       {R"("a")", R"("")", R"("tenant2")", R"("ü€😀")", R"("line\nbreak")", R"("\"\\")", "0", "1",
        "-1", "5.5", "1e+100", "5e-324", "9007199254740991", "true", "false", "null"}) {
    const std::string id = "i" + std::to_string(n++);
    rows.Add(id, "[" + std::string(value) + "]", R"({"id":")" + id + R"(","pk":)" + value + "}");
  }
  rows.Add("absent", "[{}]", R"({"id":"absent"})");
  const auto destination = Open();
  Load(*destination, rows);
  ExpectSame(rows, ReadAll(*destination));
  for (const Document& document : rows.documents) {
    const auto item = destination->ReadOne(document.partition_key, document.id, {});
    ASSERT_TRUE(item.ok()) << item.status().ToString();
    EXPECT_TRUE(item->has_value()) << document.partition_key;
  }
  EXPECT_FALSE(destination->ReadOne("[\"a\"]", "none", {})->has_value());
}

TEST_F(CosmosServerTest, HierarchicalKeysAndTheOldHashWorkToo) {
  options_.partition_key = {"/t", "/u/v"};
  Rows rows;
  for (int i = 0; i < 300; ++i) {
    const std::string id = std::to_string(i);
    const std::string tenant = "t" + std::to_string(i % 7);
    rows.Add(id, "[\"" + tenant + "\"," + id + "]",
             R"({"id":")" + id + R"(","t":")" + tenant + R"(","u":{"v":)" + id + "}}");
  }
  const auto hierarchical = Open();
  Load(*hierarchical, rows);
  ExpectSame(rows, ReadAll(*hierarchical));

  options_.container = "old";
  options_.partition_key = {"/pk"};
  options_.partition_key_v1 = true;
  const auto old = Open();
  const Rows more = ManyRows(300);
  Load(*old, more);
  ExpectSame(more, ReadAll(*old));
}

TEST_F(CosmosServerTest, LanesSplitTheRowsWithoutSharingAGroup) {
  const auto destination = Open();
  ASSERT_TRUE(destination->Prepare(false, {}).ok());
  const auto plan = destination->PlanLanes(8, {});
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->lower_bounds.size(), 8u);
  EXPECT_THAT(plan->groups, ElementsAre(0, 0, 1, 1, 2, 2, 3, 3));
  Rows rows = ManyRows(400);
  std::set<size_t> lanes;
  for (Document& document : rows.documents) {
    document.route = destination->Route(document);
    lanes.insert(static_cast<size_t>(
        std::upper_bound(plan->lower_bounds.begin(), plan->lower_bounds.end(), document.route) -
        plan->lower_bounds.begin()));
  }
  EXPECT_EQ(lanes.size(), 8u);
  Load(*destination, rows);
  ExpectSame(rows, ReadAll(*destination));
}

TEST_F(CosmosServerTest, DeletesAndUpdatesMirrorTheSource) {
  const auto destination = Open();
  Load(*destination, ManyRows(10));
  Rows changes;
  changes.Add("3", "[\"k3\"]", "", Intent::kDelete);
  changes.Add("4", "[\"k4\"]", R"({"id":"4","pk":"k4","n":"new"})");
  changes.Add("99", "[\"k99\"]", "", Intent::kDelete);
  auto writer = destination->OpenWriter(WriteMode::kMirror, {});
  const auto report = (*writer)->Write(changes.documents, {});
  EXPECT_THAT(report->outcomes,
              ElementsAre(RowOutcome::kDeleted, RowOutcome::kReplaced, RowOutcome::kNotFound));
  const auto found = ReadAll(*destination);
  EXPECT_EQ(found.size(), 9u);
  EXPECT_THAT(found.at("[\"k4\"]4"), testing::HasSubstr("\"new\""));
}

TEST_F(CosmosServerTest, AppendUpdateAndPatchKeepToTheirMeaning) {
  const auto destination = Open();
  Load(*destination, ManyRows(3));
  Rows rows;
  rows.Add("1", "[\"k1\"]", R"({"id":"1","pk":"k1","x":1})");
  rows.Add("7", "[\"k7\"]", R"({"id":"7","pk":"k7","x":1})");
  const auto write = [&](WriteMode mode) {
    auto writer = destination->OpenWriter(mode, {});
    return (*writer)->Write(rows.documents, {});
  };
  EXPECT_THAT(write(WriteMode::kPatchIfExists)->outcomes,
              ElementsAre(RowOutcome::kReplaced, RowOutcome::kSuppressed));
  EXPECT_EQ(*CanonicalHash(**destination->ReadOne("[\"k1\"]", "1", {}), kSystem),
            *CanonicalHash(R"({"id":"1","pk":"k1","n":1.5,"x":1})", kSystem));
  EXPECT_THAT(write(WriteMode::kUpdate)->outcomes,
              ElementsAre(RowOutcome::kReplaced, RowOutcome::kSuppressed));
  EXPECT_THAT(write(WriteMode::kAppend)->outcomes,
              ElementsAre(RowOutcome::kSuppressed, RowOutcome::kInserted));
  EXPECT_THAT(write(WriteMode::kMergeFields)->outcomes, Each(RowOutcome::kReplaced));
  EXPECT_THAT(write(WriteMode::kDelete)->outcomes, Each(RowOutcome::kDeleted));
  EXPECT_THAT(write(WriteMode::kMergeFields)->outcomes, Each(RowOutcome::kInserted)) << "created";
  EXPECT_EQ(ReadAll(*destination).size(), 4u);
}

TEST_F(CosmosServerTest, ACreateWhoseFirstAttemptLandedIsOurs) {
  const auto destination = Open();
  Load(*destination, ManyRows(2));
  Rows again = ManyRows(2);
  again.documents[1].body = again.texts.emplace_back(R"({"id":"1","pk":"k1","n":"other"})");
  for (Document& document : again.documents) document.after_unsure = true;
  auto writer = destination->OpenWriter(WriteMode::kAppend, {});
  EXPECT_THAT((*writer)->Write(again.documents, {})->outcomes,
              ElementsAre(RowOutcome::kUpserted, RowOutcome::kSuppressed));
}

TEST_F(CosmosServerTest, PointWritesGiveTheSameContainer) {
  options_.bulk = false;
  const auto destination = Open();
  const Rows rows = ManyRows(50);
  Load(*destination, rows);
  ExpectSame(rows, ReadAll(*destination));
}

TEST_F(CosmosServerTest, ABadRowIsRejectedAndItsNeighboursLand) {
  const auto destination = Open();
  ASSERT_TRUE(destination->Prepare(false, {}).ok());
  Rows rows = ManyRows(3);
  rows.documents[1].body = rows.texts.emplace_back(R"({"id":7,"pk":"k1"})");
  auto writer = destination->OpenWriter(WriteMode::kUpsert, {});
  const auto report = (*writer)->Write(rows.documents, {});
  EXPECT_THAT(report->outcomes,
              ElementsAre(RowOutcome::kInserted, RowOutcome::kFailed, RowOutcome::kInserted));
  ASSERT_EQ(report->failures.size(), 1u);
  EXPECT_EQ(report->failures[0].disposition, Disposition::kReject);
}

struct QueryCase {
  const char* sql;
  std::vector<std::string> results;
};

TEST_F(CosmosServerTest, QueriesAreMergedOverTheRanges) {
  Rows rows;
  for (int i = 0; i < 100; ++i) {
    const std::string id = std::to_string(i);
    rows.Add(id, "[\"k" + id + "\"]",
             R"({"id":")" + id + R"(","pk":"k)" + id + R"(","n":)" + id + R"(,"even":)" +
                 (i % 2 == 0 ? "true}" : "false}"));
  }
  const auto destination = Open();
  Load(*destination, rows);
  const QueryCase cases[] = {
      {"SELECT VALUE c.n FROM c WHERE c.id = '42'", {"42"}},
      {"SELECT VALUE c.n FROM c WHERE c.pk = 'k7'", {"7"}},
      {"SELECT VALUE c.n FROM c WHERE c.n > 96 ORDER BY c.n DESC", {"99", "98", "97"}},
      {"SELECT TOP 3 VALUE c.n FROM c ORDER BY c.n", {"0", "1", "2"}},
      {"SELECT VALUE c.n FROM c ORDER BY c.n OFFSET 10 LIMIT 2", {"10", "11"}},
      {"SELECT c.n FROM c WHERE c.n < 2 ORDER BY c.n", {R"({"n":0})", R"({"n":1})"}},
      {"SELECT VALUE COUNT(1) FROM c", {"100"}},
      {"SELECT VALUE COUNT(1) FROM c WHERE c.n < 0", {"0"}},
      {"SELECT VALUE SUM(c.n) FROM c", {"4950"}},
      {"SELECT VALUE AVG(c.n) FROM c", {"49.5"}},
      {"SELECT VALUE MIN(c.n) FROM c WHERE c.n > 5", {"6"}},
      {"SELECT VALUE MAX(c.id) FROM c", {"\"99\""}},
      {"SELECT DISTINCT VALUE c.even FROM c ORDER BY c.even", {"false", "true"}},
  };
  for (const QueryCase& c : cases) {
    const auto query = MakeCosmosQuery(
        options_, CurlTransportFactory({.ca_file = options_.ca_file}, SystemClock()), SystemClock(),
        c.sql, "");
    ASSERT_TRUE(query.ok());
    std::vector<std::string> all;
    while (true) {
      const auto results = (*query)->NextResults({});
      EXPECT_TRUE(results.ok()) << c.sql << ": " << results.status().ToString();
      if (!results.ok() || results->empty()) break;
      all.insert(all.end(), results->begin(), results->end());
    }
    EXPECT_EQ(all, c.results) << c.sql;
    EXPECT_GT((*query)->cost(), 0);
  }
}

TEST_F(CosmosServerTest, PartsOfAQueryTogetherAreItsAnswer) {
  const auto destination = Open();
  Load(*destination, ManyRows(300));
  auto* queries = dynamic_cast<QueryReading*>(destination.get());
  ASSERT_NE(queries, nullptr);
  const QueryText query{"SELECT VALUE {\"id\": c.id} FROM c WHERE c.pk != @pk",
                        R"([{"name":"@pk","value":"none"}])"};
  for (const int parts : {1, 3, 7}) {
    std::multiset<std::string> found;
    for (int i = 0; i < parts; ++i) {
      const auto reader = queries->OpenQueryOfPart(query, i * 1.0 / parts, (i + 1.0) / parts, {});
      ASSERT_TRUE(reader.ok()) << reader.status().ToString();
      while (true) {
        const auto page = (*reader)->NextPage({});
        ASSERT_TRUE(page.ok()) << page.status().ToString();
        if (page->empty()) break;
        for (const StoredDocument& document : *page) found.emplace(document.body);
      }
      EXPECT_GT((*reader)->cost(), 0);
    }
    EXPECT_EQ(found.size(), 300u) << parts;
    EXPECT_EQ(std::set<std::string>(found.begin(), found.end()).size(), 300u);
  }
}

TEST_F(CosmosServerTest, APartIsReadOnlyWhereAQueryCanHaveResults) {
  const auto destination = Open();
  const auto rows = ManyRows(60);
  Load(*destination, rows);
  auto* queries = dynamic_cast<QueryReading*>(destination.get());
  int parts_read = 0;
  for (int i = 0; i < 8; ++i) {
    const auto reader = queries->OpenQueryOfPart({"SELECT * FROM c WHERE c.pk = 'x'", ""}, i / 8.0,
                                                 (i + 1) / 8.0, {});
    ASSERT_TRUE((*reader)->NextPage({}).ok());
    if ((*reader)->cost() > 0) ++parts_read;
  }
  EXPECT_EQ(parts_read, 1);
}

TEST_F(CosmosServerTest, AQueryThatCannotBeMergedIsRefusedByName) {
  const auto destination = Open();
  Load(*destination, ManyRows(3));
  const auto query =
      MakeCosmosQuery(options_, CurlTransportFactory({.ca_file = options_.ca_file}, SystemClock()),
                      SystemClock(), "SELECT c.pk, COUNT(1) AS n FROM c GROUP BY c.pk", "");
  const Status status = (*query)->NextResults({}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_NE(status.message().find("GROUP BY"), std::string_view::npos) << status.ToString();
}

TEST_F(CosmosServerTest, AWrongKeyIsAnAuthenticationFailure) {
  options_.key =
      "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==";
  EXPECT_EQ(Open()->Check({}).code(), StatusCode::kUnauthenticated);
}

TEST_F(CosmosServerTest, AnUntrustedCertificateIsItsOwnError) {
  options_.ca_file.clear();
  const Status status = Open()->Check({});
  EXPECT_EQ(status.code(), StatusCode::kUnauthenticated);
  EXPECT_NE(status.message().find("certificate"), std::string_view::npos) << status.ToString();
  EXPECT_FALSE(status.hint().empty());
}

TEST_F(CosmosServerTest, AnotherPartitionKeyThanConfiguredIsRefused) {
  ASSERT_TRUE(Open()->Prepare(false, {}).ok());
  options_.partition_key = {"/other"};
  const Status status = Open()->Check({});
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("/other"), std::string_view::npos);
}

TEST_F(CosmosServerTest, NothingIsCreatedWithoutPermission) {
  options_.create.reset();
  EXPECT_EQ(Open()->Check({}).code(), StatusCode::kNotFound);
  EXPECT_EQ(Open()->Prepare(false, {}).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace spillway::cosmosdb
