#include "destinations/cosmosdb/container_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "destinations/cosmosdb/cosmos_destination.h"
#include "destinations/cosmosdb/fake_cosmos.h"

namespace spillway::cosmosdb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Definition {
  const char* json;
  std::function<void(CosmosOptions&)> change;
};

TEST(ContainerDefinition, SaysWhatTheOptionsSay) {
  const Definition cases[] = {
      {R"({"id":"orders","partitionKey":{"paths":["/pk"],"kind":"Hash","version":2}})",
       [](CosmosOptions&) {}},
      {R"({"id":"orders","partitionKey":{"paths":["/pk"],"kind":"Hash","version":1}})",
       [](CosmosOptions& o) { o.partition_key_v1 = true; }},
      {R"({"id":"orders","partitionKey":{"paths":["/t","/u/v"],"kind":"MultiHash","version":2}})",
       [](CosmosOptions& o) {
         o.partition_key = {"/t", "/u/v"};
       }},
      {R"({"id":"orders","partitionKey":{"paths":["/pk"],"kind":"Hash","version":2},)"
       R"("defaultTtl":-1})",
       [](CosmosOptions& o) { o.create->ttl_seconds = -1; }},
      {R"({"id":"orders","partitionKey":{"paths":["/pk"],"kind":"Hash","version":2},)"
       R"("indexingPolicy":{"indexingMode":"consistent","automatic":true,"includedPaths":[],)"
       R"("excludedPaths":[{"path":"/*"}]}})",
       [](CosmosOptions& o) { o.create->indexing = Indexing::kNone; }},
      {R"({"id":"orders","partitionKey":{"paths":["/pk"],"kind":"Hash","version":2},)"
       R"("indexingPolicy":{"a":1}})",
       [](CosmosOptions& o) {
         o.create->indexing = Indexing::kCustom;
         o.create->indexing_policy = "{\"a\":1}";
       }},
      {R"({"id":"orders","partitionKey":{"paths":["/pk"],"kind":"Hash","version":2},)"
       R"("uniqueKeyPolicy":{"uniqueKeys":[{"paths":["/a","/b"]},{"paths":["/c"]}]}})",
       [](CosmosOptions& o) {
         o.create->unique_keys = {{"/a", "/b"}, {"/c"}};
       }},
  };
  for (const Definition& c : cases) {
    CosmosOptions options = FakeOptions();
    c.change(options);
    EXPECT_EQ(ContainerDefinition(options), c.json);
  }
}

struct Parsed {
  const char* key;
  HashKind hash;
  std::vector<std::string> paths;
};

TEST(ParseContainer, KnowsEveryKindOfPartitionKey) {
  const Parsed cases[] = {
      {R"({"paths":["/a"],"kind":"Hash","version":2})", HashKind::kV2, {"/a"}},
      {R"({"paths":["/a"],"kind":"Hash","version":1})", HashKind::kV1, {"/a"}},
      {R"({"paths":["/a"],"kind":"Hash"})", HashKind::kV1, {"/a"}},
      {R"({"paths":["/a"]})", HashKind::kV1, {"/a"}},
      {R"({"paths":["/a","/b"],"kind":"MultiHash","version":2})",
       HashKind::kMultiHash,
       {"/a", "/b"}},
      {R"({"paths":["/_partitionKey"],"kind":"Hash","systemKey":true})", HashKind::kV1, {}},
  };
  for (const Parsed& c : cases) {
    const auto info =
        ParseContainer(R"({"_rid":"r","_self":"s","partitionKey":)" + std::string(c.key) + "}");
    ASSERT_TRUE(info.ok()) << c.key;
    EXPECT_EQ(info->hash, c.hash) << c.key;
    EXPECT_EQ(info->partition_key, c.paths) << c.key;
    EXPECT_EQ(info->rid, "r");
  }
  EXPECT_EQ(ParseContainer(R"({"partitionKey":{"paths":["/a"],"kind":"Spiral"}})").status().code(),
            StatusCode::kUnsupported);
  EXPECT_EQ(ParseContainer("nonsense").status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(*ParseContainer(R"({"defaultTtl":60})")->ttl_seconds, 60);
  EXPECT_FALSE(ParseContainer("{}")->ttl_seconds.has_value());
}

class ContainerClientTest : public testing::Test {
 protected:
  ContainerClient& client() {
    if (client_ == nullptr) {
      account_ = *CosmosAccount::Make(options_, clock_);
      client_ = std::make_unique<ContainerClient>(*account_, *cosmos_.factory()(), RetryPolicy{});
    }
    return *client_;
  }
  SeenRequest SendItem(OperationKind kind, std::string_view body, std::string_view if_match = {}) {
    Document document;
    document.id = "a b/\xC3\xBC";
    document.partition_key = "[\"\xC3\xBC\",1.5,{}]";
    const Operation operation{kind, &document, 0, body, if_match};
    EXPECT_TRUE(client().Item(operation, {}).ok());
    return cosmos_.writes().back();
  }

  FakeCosmos cosmos_;
  CosmosOptions options_ = FakeOptions();
  ManualClock clock_;
  std::unique_ptr<CosmosAccount> account_;
  std::unique_ptr<ContainerClient> client_;
};

TEST_F(ContainerClientTest, ItemsAreAddressedByAnEncodedPath) {
  const SeenRequest replace = SendItem(OperationKind::kReplace, "{}", "\"etag\"");
  EXPECT_EQ(replace.http.method, HttpMethod::kPut);
  EXPECT_TRUE(replace.http.url.ends_with("/dbs/shop/colls/orders/docs/a%20b%2F%C3%BC"));
  EXPECT_EQ(replace.Header("x-ms-documentdb-partitionkey"), R"(["\u00fc",1.5,{}])");
  EXPECT_EQ(replace.Header("if-match"), "\"etag\"");
  EXPECT_EQ(replace.Header("content-type"), "application/json");
  const SeenRequest patch = SendItem(OperationKind::kPatch, R"({"operations":[]})");
  EXPECT_EQ(patch.http.method, HttpMethod::kPatch);
  EXPECT_EQ(patch.Header("content-type"), "application/json_patch+json");
  const SeenRequest create = SendItem(OperationKind::kCreate, "{}");
  EXPECT_TRUE(create.http.url.ends_with("/docs"));
  EXPECT_EQ(create.Header("x-ms-documentdb-is-upsert"), "");
  const SeenRequest read = SendItem(OperationKind::kRead, "");
  EXPECT_TRUE(read.http.repeatable);
  EXPECT_EQ(read.Header("prefer"), "");
  EXPECT_EQ(SendItem(OperationKind::kDelete, "").http.method, HttpMethod::kDelete);
}

TEST_F(ContainerClientTest, NamesWithSpacesAreEncodedToo) {
  options_.database = "my shop";
  options_.container = "or%ders";
  SendItem(OperationKind::kUpsert, "{}");
  EXPECT_THAT(cosmos_.writes().back().http.url, HasSubstr("/dbs/my%20shop/colls/or%25ders/docs"));
}

TEST_F(ContainerClientTest, OffersTellTheThroughput) {
  const auto offer = [&](const char* offers) {
    cosmos_.first = [=](const SeenRequest& request) {
      const bool asked = request.http.url.ends_with("/offers");
      if (asked) {
        EXPECT_THAT(request.body, HasSubstr(R"("value":"dbs/a/colls/b/")"));
      }
      return FakeResponse(asked ? 200 : 0, offers);
    };
    return client().ReadOffer("dbs/a/colls/b/", {});
  };
  const auto manual = offer(R"({"Offers":[{"content":{"offerThroughput":1200}}]})");
  EXPECT_EQ((*manual)->throughput, 1200u);
  EXPECT_FALSE((*manual)->autoscale_max.has_value());
  const auto autoscale = offer(R"({"Offers":[{"content":{"offerThroughput":400,)"
                               R"("offerAutopilotSettings":{"maxThroughput":4000}}}]})");
  EXPECT_EQ((*autoscale)->autoscale_max, 4000u);
  EXPECT_FALSE(offer(R"({"Offers":[]})")->has_value());
}

// A destination over a service that creates what it is asked to.
class PrepareTest : public testing::Test {
 protected:
  void SetUp() override {
    cosmos_.container.clear();
    cosmos_.first = [this](const SeenRequest& request) {
      const std::string path = request.http.url.substr(request.http.url.find("443") + 3);
      if (request.http.method != HttpMethod::kPost) return FakeResponse(0, "");
      if (path == "/dbs") return FakeResponse(database_status_, "{}");
      if (path != "/dbs/shop/colls") return FakeResponse(0, "");
      if (container_status_ < 300 || container_status_ == 409) {
        cosmos_.container =
            R"({"_rid":"r","partitionKey":{"paths":["/pk"],"kind":"Hash","version":2}})";
      }
      return FakeResponse(container_status_, R"({"message":"words"})");
    };
  }
  Result<Preparation> Prepare(bool dry_run) {
    destination_ = *MakeCosmosDestination(options_, cosmos_.factory(), clock_);
    return destination_->Prepare(dry_run, {});
  }

  FakeCosmos cosmos_;
  CosmosOptions options_ = FakeOptions();
  ManualClock clock_;
  std::unique_ptr<Destination> destination_;
  int database_status_ = 201;
  int container_status_ = 201;
};

TEST_F(PrepareTest, ADryRunOnlySaysWhatItWouldDo) {
  options_.create->throughput.autoscale_max = 4000;
  const auto plan = Prepare(true);
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_THAT(plan->steps,
              ElementsAre("database shop", "container orders (autoscale to 4000 RU/s, key /pk)"));
  for (const SeenRequest& request : cosmos_.Matching("/dbs")) {
    EXPECT_EQ(request.http.method, HttpMethod::kGet);
  }
}

TEST_F(PrepareTest, ThroughputIsAskedForInItsHeader) {
  options_.create->throughput.manual = 1200;
  ASSERT_TRUE(Prepare(false).ok());
  EXPECT_EQ(cosmos_.Matching("/colls").at(1).Header("x-ms-offer-throughput"), "1200");
}

TEST_F(PrepareTest, AutoscaleIsAskedForInItsHeader) {
  options_.create->throughput.autoscale_max = 4000;
  ASSERT_TRUE(Prepare(false).ok());
  EXPECT_EQ(cosmos_.Matching("/colls").at(1).Header("x-ms-cosmos-offer-autopilot-settings"),
            R"({"maxThroughput":4000})");
}

TEST_F(PrepareTest, SomebodyElseMayBeFaster) {
  database_status_ = 409;
  container_status_ = 409;
  EXPECT_TRUE(Prepare(false).ok());
}

TEST_F(PrepareTest, ARefusedCreationIsTheServicesWord) {
  container_status_ = 403;
  const Status status = Prepare(false).status();
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(status.message()), HasSubstr("creating the container: 403: words"));
}

}  // namespace
}  // namespace spillway::cosmosdb
