// The state store in a container of the local server: the contract of all state stores, and what a
// service does that a file does not.
#include <atomic>
#include <utility>

#include "conformance/local_server.h"
#include "destinations/cosmosdb/cosmos_document_table.h"
#include "net/curl_transport.h"
#include "state/document_store.h"
#include "state/testing/state_store_contract.h"

namespace spillway {
namespace {

constexpr const char* kDatabase = "kept";
constexpr const char* kContainer = "state";

cosmosdb::CosmosOptions OptionsFor(const LocalServer& server) {
  cosmosdb::CosmosOptions options;
  options.endpoint = server.endpoint();
  options.key = server.key;
  options.database = kDatabase;
  options.container = kContainer;
  options.partition_key = {"/partition"};
  options.create->indexing = cosmosdb::Indexing::kNone;
  return options;
}

class ServerSubject : public StateStoreSubject {
 public:
  std::unique_ptr<DocumentTable> OpenTable() {
    auto table = cosmosdb::MakeCosmosDocumentTable(
        OptionsFor(server_), cosmosdb::TableTtl::kNone,
        [] { return MakeCurlTransport({}, SystemClock()); }, SystemClock());
    EXPECT_TRUE(table.ok()) << table.status().ToString();
    const Status prepared = (*table)->Prepare({});
    EXPECT_TRUE(prepared.ok()) << prepared.ToString();
    return *std::move(table);
  }
  std::unique_ptr<StateStore> Open() override {
    return MakeDocumentStore(OpenTable(), "cosmosdb", SystemClock());
  }
  void Advance(std::chrono::seconds duration) override {
    server_.server->service().account().clock.Advance(duration);
  }

 private:
  LocalServer server_;
};

INSTANTIATE_TEST_SUITE_P(Server, StateStoreContract,
                         testing::Values(StateStoreMaker{
                             "Cosmos", [] { return std::make_unique<ServerSubject>(); }}),
                         [](const auto& maker) { return maker.param.name; });

class RemoteTable : public testing::Test {
 protected:
  static TableWrite Write(TableWrite::Kind kind, const std::string& id, int value,
                          std::string if_match = {}) {
    std::string body =
        R"({"id":")" + id + R"(","partition":"p","value":)" + std::to_string(value) + "}";
    if (kind == TableWrite::Kind::kDelete) body.clear();
    return {kind, id, std::move(body), std::move(if_match)};
  }
  StatusCode Try(std::vector<TableWrite> writes) {
    return table_->Write("p", writes, {}).status().code();
  }

  ServerSubject server_;
  std::unique_ptr<DocumentTable> table_ = server_.OpenTable();
};

TEST_F(RemoteTable, ATransactionIsCarriedOutWholeOrNotAtAll) {
  using Kind = TableWrite::Kind;
  ASSERT_EQ(Try({Write(Kind::kCreate, "a", 1), Write(Kind::kCreate, "b", 1)}), StatusCode::kOk);
  EXPECT_EQ(Try({Write(Kind::kUpsert, "a", 2), Write(Kind::kCreate, "b", 2)}),
            StatusCode::kConflict);
  EXPECT_EQ(Try({Write(Kind::kDelete, "a", 0), Write(Kind::kReplace, "c", 2)}),
            StatusCode::kConflict);
  const auto all = *table_->List("p", "a", "z", {});
  ASSERT_EQ(all.size(), 2u);
  EXPECT_THAT(all[0].body, testing::HasSubstr("\"value\":1"));
  EXPECT_EQ(all[1].id, "b");
}

TEST_F(RemoteTable, AnEtagThatIsNotThePresentOneIsAConflict) {
  using Kind = TableWrite::Kind;
  const auto first = table_->Write("p", std::vector{Write(Kind::kCreate, "a", 1)}, {});
  ASSERT_TRUE(first.ok());
  const std::string etag = first->front();
  EXPECT_EQ((*table_->Read("p", "a", {}))->etag, etag);
  ASSERT_EQ(Try({Write(Kind::kReplace, "a", 2, etag)}), StatusCode::kOk);
  EXPECT_EQ(Try({Write(Kind::kReplace, "a", 3, etag)}), StatusCode::kConflict);
  EXPECT_FALSE((*table_->Read("p", "b", {})).has_value());
  EXPECT_FALSE((*table_->Read("q", "a", {})).has_value());
}

TEST_F(RemoteTable, TimesAreTheServersOwn) {
  using Kind = TableWrite::Kind;
  ASSERT_EQ(Try({Write(Kind::kUpsert, "a", 1)}), StatusCode::kOk);
  const WallTime before = (*table_->Read("p", "a", {}))->written;
  server_.Advance(std::chrono::seconds(100));
  ASSERT_EQ(Try({Write(Kind::kUpsert, "a", 2)}), StatusCode::kOk);
  EXPECT_GE((*table_->Read("p", "a", {}))->written - before, std::chrono::seconds(99));
}

}  // namespace
}  // namespace spillway
