#include "destinations/cosmosdb/cosmos_options.h"

#include <gtest/gtest.h>

#include "destinations/cosmosdb/fake_cosmos.h"

namespace spillway::cosmosdb {
namespace {

TEST(CosmosOptions, TheUsualOnesAreFine) {
  EXPECT_TRUE(ValidateCosmosOptions(FakeOptions()).ok());
  CosmosOptions options = FakeOptions();
  options.create = std::nullopt;
  options.partition_key = {"/a", "/b/c", "/d"};
  options.priority_level = "Low";
  options.throughput_bucket = 5;
  options.endpoint = "http://localhost:8081";
  EXPECT_TRUE(ValidateCosmosOptions(options).ok());
}

struct Fault {
  const char* words;  // must be in the message
  std::function<void(CosmosOptions&)> make;
};

TEST(CosmosOptions, EveryFaultIsNamed) {
  const Fault faults[] = {
      {"URL", [](CosmosOptions& o) { o.endpoint = "contoso"; }},
      {"plain http", [](CosmosOptions& o) { o.endpoint = "http://contoso.documents.azure.com"; }},
      {"no key", [](CosmosOptions& o) { o.key.clear(); }},
      {"no database", [](CosmosOptions& o) { o.database.clear(); }},
      {"container 'a/b'", [](CosmosOptions& o) { o.container = "a/b"; }},
      {"1 to 3 paths", [](CosmosOptions& o) { o.partition_key.clear(); }},
      {"1 to 3 paths",
       [](CosmosOptions& o) {
         o.partition_key = {"/a", "/b", "/c", "/d"};
       }},
      {"must start with /", [](CosmosOptions& o) { o.partition_key = {"a"}; }},
      {"old hash",
       [](CosmosOptions& o) {
         o.partition_key = {"/a", "/b"}, o.partition_key_v1 = true;
       }},
      {"in steps of 100", [](CosmosOptions& o) { o.create->throughput.manual = 450; }},
      {"400 or more", [](CosmosOptions& o) { o.create->throughput.manual = 300; }},
      {"in steps of 1000", [](CosmosOptions& o) { o.create->throughput.autoscale_max = 1500; }},
      {"not both",
       [](CosmosOptions& o) {
         o.create->throughput = {400, 1000};
       }},
      {"indexing policy", [](CosmosOptions& o) { o.create->indexing = Indexing::kCustom; }},
      {"must be a JSON object",
       [](CosmosOptions& o) {
         o.create->indexing = Indexing::kCustom;
         o.create->indexing_policy = "[]";
       }},
      {"ttl", [](CosmosOptions& o) { o.create->ttl_seconds = 0; }},
      {"unique key path", [](CosmosOptions& o) { o.create->unique_keys = {{"email"}}; }},
      {"1 to 16 paths", [](CosmosOptions& o) { o.create->unique_keys = {{}}; }},
      {"at most 10", [](CosmosOptions& o) { o.create->unique_keys.assign(11, {"/a"}); }},
      {"bulk request", [](CosmosOptions& o) { o.bulk_bytes_target = 2'000'000; }},
      {"priority level", [](CosmosOptions& o) { o.priority_level = "low"; }},
      {"bucket", [](CosmosOptions& o) { o.throughput_bucket = 6; }},
  };
  for (const Fault& fault : faults) {
    CosmosOptions options = FakeOptions();
    fault.make(options);
    const Status status = ValidateCosmosOptions(options);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << fault.words;
    EXPECT_NE(status.message().find(fault.words), std::string_view::npos) << status.ToString();
  }
}

TEST(CosmosOptions, AllFaultsComeAtOnce) {
  const Status status = ValidateCosmosOptions({});
  for (const char* words : {"URL", "no key", "no database", "no container", "1 to 3 paths"}) {
    EXPECT_NE(status.message().find(words), std::string_view::npos) << words;
  }
}

}  // namespace
}  // namespace spillway::cosmosdb
