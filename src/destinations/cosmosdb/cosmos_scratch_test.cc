// Scratch containers on the local server: real requests, real resources.
#include "destinations/cosmosdb/cosmos_scratch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "destinations/cosmosdb/container_client.h"
#include "destinations/cosmosdb/cosmos_destination.h"
#include "destinations/cosmosdb/local_server_fixture.h"

namespace spillway::cosmosdb {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class CosmosScratchTest : public LocalServerTest {
 protected:
  void SetUp() override {
    LocalServerTest::SetUp();
    options_.create->throughput.manual = 4'000;
  }

  std::unique_ptr<ScratchSpace> Open() {
    auto made = MakeCosmosScratch(options_, Transports(), SystemClock());
    EXPECT_TRUE(made.ok()) << made.status().ToString();
    return *std::move(made);
  }
  void MakeContainer() {
    auto destination = MakeCosmosDestination(options_, Transports(), SystemClock());
    ASSERT_TRUE(destination.ok());
    const auto prepared = (*destination)->Prepare(false, {});
    ASSERT_TRUE(prepared.ok()) << prepared.status().ToString();
  }
  // nullopt: there is none of that name.
  std::optional<ContainerInfo> Look(const std::string& name) {
    CosmosOptions options = options_;
    options.container = name;
    auto account = *CosmosAccount::Make(options, SystemClock());
    ContainerClient client(*account, *Transports()(), {});
    auto found = client.ReadContainer({});
    EXPECT_TRUE(found.ok()) << found.status().ToString();
    return found.ok() ? *found : std::nullopt;
  }
  bool HasDatabase() {
    auto account = *CosmosAccount::Make(options_, SystemClock());
    ContainerClient client(*account, *Transports()(), {});
    return (*client.ReadDatabase({})).has_value();
  }
};

TEST_F(CosmosScratchTest, ComesAndGoesWithItsDatabase) {
  const auto space = Open();
  EXPECT_THAT(*space->List("try-", {}), IsEmpty()) << "no database is no error";
  const auto destination = space->Create("try-1", {});
  ASSERT_TRUE(destination.ok()) << destination.status().ToString();
  EXPECT_TRUE((*destination)->OpenWriter(WriteMode::kUpsert, {}).ok());
  EXPECT_TRUE(Look("try-1").has_value());
  EXPECT_FALSE(Look("orders").has_value()) << "the pipeline's own is not made";
  ASSERT_TRUE(space->Remove("try-1", {}).ok());
  EXPECT_FALSE(HasDatabase());
}

TEST_F(CosmosScratchTest, ADatabaseThatOthersUseStays) {
  MakeContainer();
  const auto space = Open();
  ASSERT_TRUE(space->Create("try-1", {}).ok());
  ASSERT_TRUE(space->Remove("try-1", {}).ok());
  EXPECT_TRUE(Look("orders").has_value());
  EXPECT_TRUE(space->Remove("try-1", {}).ok()) << "what is gone is gone";
}

TEST_F(CosmosScratchTest, IsMadeAsTheContainerThatIsThere) {
  options_.create->indexing = Indexing::kNone;
  options_.create->unique_keys = {{"/email"}, {"/a", "/b"}};
  options_.partition_key = {"/pk", "/sub"};
  MakeContainer();
  // What the file says by now does not matter.
  options_.create->indexing = Indexing::kDefault;
  options_.create->unique_keys = {};
  options_.partition_key = {"/other"};
  const auto space = Open();
  const auto made = space->Create("try-1", {});
  ASSERT_TRUE(made.ok()) << made.status().ToString();
  const auto info = Look("try-1");
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->partition_key, (std::vector<std::string>{"/pk", "/sub"}));
  EXPECT_EQ(info->hash, HashKind::kMultiHash);
  EXPECT_FALSE(info->indexed);
  EXPECT_EQ(info->unique_keys, Look("orders")->unique_keys);
  EXPECT_THAT(info->unique_keys, SizeIs(2));
}

TEST_F(CosmosScratchTest, SaysWhatItWillBe) {
  const auto space = Open();
  EXPECT_THAT(*space->Describe("try-1", {}), HasSubstr("2000 RU/s"));
  options_.create->throughput = {};
  EXPECT_THAT(*Open()->Describe("try-1", {}), HasSubstr("without throughput of its own"));
}

TEST_F(CosmosScratchTest, ListsItsOwnAlone) {
  MakeContainer();
  const auto space = Open();
  ASSERT_TRUE(space->Create("try-1", {}).ok());
  const auto places = space->List("try-", {});
  ASSERT_TRUE(places.ok()) << places.status().ToString();
  ASSERT_THAT(*places, SizeIs(1));
  EXPECT_EQ(places->front().name, "try-1");
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
      SystemClock().WallNow().time_since_epoch());
  EXPECT_NEAR(static_cast<double>(places->front().made_ms), static_cast<double>(now.count()),
              60'000);
}

TEST_F(CosmosScratchTest, MakesNoDatabaseWhereNothingMayBeMade) {
  options_.create.reset();
  const auto made = Open()->Create("try-1", {});
  EXPECT_EQ(made.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(std::string(made.status().hint()), HasSubstr("--measure"));
  EXPECT_FALSE(HasDatabase());
}

}  // namespace
}  // namespace spillway::cosmosdb
