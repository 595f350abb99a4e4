#include "destinations/cosmosdb/container_copy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "destinations/cosmosdb/cosmos_destination.h"
#include "destinations/cosmosdb/fake_cosmos.h"

namespace spillway::cosmosdb {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kModel[] =
    R"({"id":"orders-v1","_rid":"r","_self":"dbs/a/colls/b/","_etag":"\"1\"",)"
    R"("partitionKey":{"paths":["/pk"],"kind":"Hash","version":1},)"
    R"("indexingPolicy":{"indexingMode":"consistent","includedPaths":[{"path":"/a/?"}]},)"
    R"("defaultTtl":-1,"uniqueKeyPolicy":{"uniqueKeys":[{"paths":["/sku"]}]},)"
    R"("conflictResolutionPolicy":{"mode":"LastWriterWins","conflictResolutionPath":"/_ts"}})";

CosmosOptions OptionsLike() {
  CosmosOptions options = FakeOptions();
  options.container = "orders-v2";
  options.create_like = "orders-v1";
  return options;
}

TEST(ContainerCopy, TakesTheSettingsAndNothingOfTheServices) {
  const std::string body = *DefinitionLike(kModel, OptionsLike());
  EXPECT_EQ(body.find(R"({"id":"orders-v2")"), 0u) << body;
  EXPECT_THAT(body, HasSubstr(R"("partitionKey":{"paths":["/pk"],"kind":"Hash","version":1})"));
  EXPECT_THAT(body, HasSubstr(R"("indexingPolicy":{"indexingMode":"consistent")"));
  EXPECT_THAT(body, HasSubstr(R"("defaultTtl":-1)"));
  EXPECT_THAT(body, HasSubstr(R"("uniqueKeys":[{"paths":["/sku"]}])"));
  EXPECT_THAT(body, HasSubstr(R"("mode":"LastWriterWins")"));
  EXPECT_THAT(body, Not(HasSubstr("_rid")));
  EXPECT_THAT(body, Not(HasSubstr("_etag")));
}

TEST(ContainerCopy, AnotherPartitionKeyIsTheNewOnesOwn) {
  CosmosOptions options = OptionsLike();
  options.partition_key = {"/tenant", "/user"};
  const std::string body = *DefinitionLike(kModel, options);
  EXPECT_THAT(body, HasSubstr(R"("paths":["/tenant","/user"],"kind":"MultiHash","version":2)"));
}

TEST(ContainerCopy, WhatIsNoContainerIsRefused) {
  EXPECT_EQ(DefinitionLike("[", OptionsLike()).status().code(), StatusCode::kDataLoss);
}

// The service with orders-v1, and what is asked of it.
class ContainerCopyRequests : public testing::Test {
 protected:
  ContainerCopyRequests() {
    cosmos_.first = [this](const SeenRequest& request) -> Result<HttpResponse> {
      const std::string path = request.http.url.substr(request.http.url.find('/', 8));
      if (path == "/offers") return FakeResponse(200, offers_);
      if (path == "/dbs/shop") return FakeResponse(200, R"({"id":"shop","_rid":"a"})");
      if (path == "/dbs/shop/colls/orders-v1" && model_) return FakeResponse(200, kModel);
      if (path == "/dbs/shop/colls/orders-v2" && request.http.method == HttpMethod::kDelete) {
        return FakeResponse(made_ ? 204 : 404, "");
      }
      if (path == "/dbs/shop/colls/orders-v2" && made_) return FakeResponse(200, kModel);
      if (path == "/dbs/shop/colls") {
        made_ = true;
        return FakeResponse(201, kModel);
      }
      return FakeResponse(0, "");
    };
  }
  std::unique_ptr<Destination> Open() {
    return *MakeCosmosDestination(OptionsLike(), cosmos_.factory(), clock_);
  }
  SeenRequest Creation() const {
    for (const SeenRequest& request : cosmos_.Matching("/dbs/shop/colls")) {
      if (request.http.method == HttpMethod::kPost) return request;
    }
    return {};
  }

  ManualClock clock_;
  FakeCosmos cosmos_;
  bool model_ = true;
  bool made_ = false;
  std::string offers_ = R"({"Offers":[{"content":{"offerThroughput":1200}}]})";
};

TEST_F(ContainerCopyRequests, TheNewContainerGetsTheThroughputToo) {
  const auto destination = Open();
  const auto dry = destination->Prepare(true, {});
  ASSERT_TRUE(dry.ok()) << dry.status().ToString();
  EXPECT_THAT(dry->steps.back(), HasSubstr("settings of orders-v1"));
  ASSERT_TRUE(destination->Prepare(false, {}).ok());
  EXPECT_EQ(Creation().Header("x-ms-offer-throughput"), "1200");
}

TEST_F(ContainerCopyRequests, AutoscaleStaysAutoscale) {
  offers_ = R"({"Offers":[{"content":{"offerThroughput":400,)"
            R"("offerAutopilotSettings":{"maxThroughput":4000}}}]})";
  ASSERT_TRUE(Open()->Prepare(false, {}).ok());
  EXPECT_EQ(Creation().Header("x-ms-cosmos-offer-autopilot-settings"), R"({"maxThroughput":4000})");
  EXPECT_EQ(Creation().Header("x-ms-offer-throughput"), "");
}

TEST_F(ContainerCopyRequests, SharedThroughputStaysShared) {
  offers_ = R"({"Offers":[]})";
  ASSERT_TRUE(Open()->Prepare(false, {}).ok());
  EXPECT_EQ(Creation().Header("x-ms-offer-throughput"), "");
}

TEST_F(ContainerCopyRequests, WithoutTheModelItSaysWhatToDo) {
  model_ = false;
  const auto prepared = Open()->Prepare(false, {});
  ASSERT_EQ(prepared.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(std::string(prepared.status().hint()), HasSubstr("create:"));
}

TEST_F(ContainerCopyRequests, RemovingWhatIsNotThereIsDone) {
  const auto destination = Open();
  EXPECT_TRUE(destination->Remove({}).ok());
  made_ = true;
  EXPECT_TRUE(destination->Remove({}).ok());
}

}  // namespace
}  // namespace spillway::cosmosdb
