// The stores of this folder against the contract.
#include "state/testing/state_store_contract.h"

#include <algorithm>
#include <filesystem>

#include "state/document_store.h"
#include "state/testing/memory_document_table.h"

namespace spillway {
namespace {

class SqliteSubject : public StateStoreSubject {
 public:
  SqliteSubject() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    std::string name = std::string(test->test_suite_name()) + test->name();
    std::replace(name.begin(), name.end(), '/', '-');
    folder_ = std::filesystem::path(testing::TempDir()) / name;
    std::filesystem::remove_all(folder_);
  }
  ~SqliteSubject() override { std::filesystem::remove_all(folder_); }
  std::unique_ptr<StateStore> Open() override {
    auto store = OpenSqliteStore((folder_ / "state.db").string(), clock_);
    EXPECT_TRUE(store.ok()) << store.status().ToString();
    return *std::move(store);
  }
  void Advance(std::chrono::seconds duration) override { clock_.Advance(duration); }

 private:
  ManualClock clock_;
  std::filesystem::path folder_;
};

class DocumentSubject : public StateStoreSubject {
 public:
  std::unique_ptr<StateStore> Open() override {
    return MakeDocumentStore(std::make_unique<MemoryDocumentTable>(content_, clock_), "memory",
                             clock_);
  }
  void Advance(std::chrono::seconds duration) override { clock_.Advance(duration); }

 private:
  ManualClock clock_;
  std::shared_ptr<MemoryDocumentTable::Content> content_ =
      std::make_shared<MemoryDocumentTable::Content>();
};

INSTANTIATE_TEST_SUITE_P(
    Stores, StateStoreContract,
    testing::Values(StateStoreMaker{"Sqlite", [] { return std::make_unique<SqliteSubject>(); }},
                    StateStoreMaker{"Documents",
                                    [] { return std::make_unique<DocumentSubject>(); }}),
    [](const auto& maker) { return maker.param.name; });

}  // namespace
}  // namespace spillway
