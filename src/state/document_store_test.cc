#include "state/document_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "state/testing/memory_document_table.h"

namespace spillway {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using Fault = MemoryDocumentTable::Fault;

Checkpoint At(int64_t version) {
  Checkpoint checkpoint;
  checkpoint.version = version;
  return checkpoint;
}

ProcessIdentity Elsewhere() {
  ProcessIdentity process = ThisProcess();
  process.machine = "another";
  return process;
}

class DocumentStoreTest : public testing::Test {
 protected:
  struct Opened {
    MemoryDocumentTable* table;
    std::unique_ptr<StateStore> store;
    StateStore* operator->() const { return store.get(); }
  };
  Opened Open(const ProcessIdentity& self = ThisProcess()) {
    auto table = std::make_unique<MemoryDocumentTable>(content_, clock_);
    MemoryDocumentTable* const raw = table.get();
    return {raw, MakeDocumentStore(std::move(table), "memory", clock_, self)};
  }
  TableDocument& Document(const std::string& id) { return content_->documents.at({"p", id}); }
  void Remove(const std::string& id) { ASSERT_EQ(content_->documents.erase({"p", id}), 1u); }
  StatusCode Look() { return Open()->LoadCheckpoint("p").status().code(); }

  // A pipeline in the middle of a load, as a runner leaves it.
  void BeginLoad() {
    const Opened store = Open();
    const auto lease = *store->AcquireLease("p", seconds(30));
    ASSERT_TRUE(store->StartLoad("p", At(1)).ok());
    ASSERT_TRUE(store->Commit("p", At(1), {{0, 10, true}, {700, 3, false}}, {}).ok());
  }
  // As a killed process leaves it: never given back.
  void Seize(const Opened& store) {
    auto lease = store->AcquireLease("p", seconds(30));
    ASSERT_TRUE(lease.ok()) << lease.status().ToString();
    abandoned_.push_back((*std::move(lease)).release());
  }
  void TearDown() override {
    for (Lease* lease : abandoned_) delete lease;
  }

  ManualClock clock_;
  std::shared_ptr<MemoryDocumentTable::Content> content_ =
      std::make_shared<MemoryDocumentTable::Content>();
  std::vector<Lease*> abandoned_;
};

TEST_F(DocumentStoreTest, AMissingHeadIsNoPipelineThatNeverRan) {
  BeginLoad();
  Remove("head");
  EXPECT_EQ(Look(), StatusCode::kDataLoss);
  Remove("lease");
  EXPECT_EQ(Look(), StatusCode::kDataLoss) << "its progress is still there";
}

TEST_F(DocumentStoreTest, AHeadThatIsWrittenBetweenTwoReadsIsNotMissing) {
  const Opened reader = Open();
  bool begun = false;
  reader.table->after_read = [&](std::string_view id) {
    if (id != "head" || begun) return;
    begun = true;
    BeginLoad();
  };
  const auto checkpoint = reader->LoadCheckpoint("p");
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().ToString();
  EXPECT_TRUE(checkpoint->has_value());
  EXPECT_TRUE(begun);
}

TEST_F(DocumentStoreTest, AMissingHeadStopsWhoeverWouldBeginAnew) {
  BeginLoad();
  Remove("head");
  const Opened store = Open();
  const auto lease = *store->AcquireLease("p", seconds(30));
  EXPECT_EQ(store->StartLoad("p", At(2)).code(), StatusCode::kDataLoss);
  EXPECT_EQ(store->Commit("p", At(2), {}, {}).code(), StatusCode::kDataLoss);
  EXPECT_EQ(Look(), StatusCode::kDataLoss);
}

TEST_F(DocumentStoreTest, EveryDocumentThatIsChangedByOthersIsNoticed) {
  BeginLoad();
  const auto whole = content_->documents;
  for (const auto& [key, document] : whole) {
    if (key.second == "lease") continue;
    for (size_t at = 1; at < document.body.size(); at += 7) {
      content_->documents = whole;
      std::string& body = Document(key.second).body;
      if (!std::isdigit(static_cast<unsigned char>(body[at]))) continue;
      body[at] = body[at] == '7' ? '8' : '7';
      EXPECT_NE(Open()->LoadProgress("p").status().code(), StatusCode::kOk) << body;
    }
    content_->documents = whole;
    Document(key.second).body = "{}";
    EXPECT_EQ(Open()->LoadProgress("p").status().code(), StatusCode::kDataLoss) << key.second;
  }
}

TEST_F(DocumentStoreTest, AMissingOrOlderPartIsNoticed) {
  BeginLoad();
  const auto before = content_->documents;
  {
    const Opened store = Open();
    ASSERT_TRUE(store->Commit("p", At(1), {{0, 20, true}}, {}).ok());
    ASSERT_TRUE(store->Commit("p", At(1), {{0, 30, true}}, {}).ok());
  }
  Document("progress:000000:a") = before.at({"p", "progress:000000:a"});
  EXPECT_EQ(Look(), StatusCode::kDataLoss);
  Remove("progress:000000:a");
  EXPECT_EQ(Look(), StatusCode::kDataLoss);
}

TEST_F(DocumentStoreTest, ADocumentUnderAnothersNameIsNoticed) {
  BeginLoad();
  Document("progress:000000:a").body = Document("progress:000002:a").body;
  EXPECT_EQ(Look(), StatusCode::kDataLoss);
}

TEST_F(DocumentStoreTest, ADamagedStateIsMendedByRestoringOne) {
  BeginLoad();
  Document("head").body = "{}";
  const Opened store = Open();
  const auto lease = *store->AcquireLease("p", seconds(30));
  EXPECT_EQ(store->StartLoad("p", At(5)).code(), StatusCode::kDataLoss);
  ASSERT_TRUE(store->Restore("p", At(5), {{1, 2, true}}, {}).ok());
  EXPECT_EQ((*Open()->LoadCheckpoint("p"))->version, 5);
  EXPECT_EQ((*Open()->LoadProgress("p")).size(), 1u);
}

TEST_F(DocumentStoreTest, ANewerFormatIsRefused) {
  BeginLoad();
  std::string& body = Document("head").body;
  const std::string format = "\"format\":1";
  body.replace(body.find(format), format.size(), "\"format\":2");
  EXPECT_EQ(Look(), StatusCode::kUnsupported);
}

TEST_F(DocumentStoreTest, ARefusedWriteIsRepeatedWithinBounds) {
  const Opened store = Open();
  int refused = 0;
  store.table->on_write = [&](auto, auto) {
    return refused++ < 6 ? (refused % 2 ? Fault::kThrottled : Fault::kUnavailable) : Fault::kNone;
  };
  ASSERT_TRUE(store->StartLoad("p", At(1)).ok());
  EXPECT_EQ(Look(), StatusCode::kOk);
}

TEST_F(DocumentStoreTest, AServiceThatRefusesForEverFailsTheCallInTime) {
  const Opened store = Open();
  store.table->on_write = [](auto, auto) { return Fault::kThrottled; };
  const SteadyTime start = clock_.Now();
  EXPECT_EQ(store->StartLoad("p", At(1)).code(), StatusCode::kThrottled);
  EXPECT_LE(clock_.Now() - start, seconds(30));
  EXPECT_LE(store.table->writes, 100u);
}

// Reading anew before every attempt would take from a small store what the write waits for.
TEST_F(DocumentStoreTest, ABusyStoreIsNotReadAgainBeforeARunIsStarted) {
  const auto reads_of_start = [](const Opened& store) {
    const uint64_t before = store.table->reads;
    RunRecord run;
    run.pipeline = "p";
    run.kind = "sync";
    EXPECT_TRUE(store->StartRun(run).ok());
    return store.table->reads - before;
  };
  const Opened store = Open();
  const uint64_t reads = reads_of_start(store);
  int refused = 0;
  store.table->on_write = [&](auto, auto) {
    return refused++ < 12 ? Fault::kThrottled : Fault::kNone;
  };
  EXPECT_LE(reads_of_start(store), reads + 1);  // what the first one has written
}

// Whatever became of a write whose answer was lost, the state is as if it had been carried out
// once.
TEST_F(DocumentStoreTest, AWriteWithoutAnAnswerIsSettled) {
  for (const Fault fault : {Fault::kUnsureApplied, Fault::kUnsureLost, Fault::kUnsureLate}) {
    content_->documents.clear();
    const Opened store = Open();
    int calls = 0;
    store.table->on_write = [&](auto, auto) { return ++calls % 2 ? fault : Fault::kNone; };
    const auto lease = store->AcquireLease("p", seconds(30));
    ASSERT_TRUE(lease.ok()) << lease.status().ToString();
    ASSERT_TRUE(store->StartLoad("p", At(1)).ok());
    for (int64_t version = 2; version < 12; ++version) {
      const Status committed =
          store->Commit("p", At(version), {{static_cast<uint32_t>(version), 1, true}}, {});
      ASSERT_TRUE(committed.ok()) << committed.ToString();
      ASSERT_TRUE((*lease)->Renew().ok());
      EXPECT_EQ((*Open()->LoadCheckpoint("p"))->version, version);
    }
    EXPECT_EQ((*Open()->LoadProgress("p")).size(), 10u);
    const auto first = store->StartRun(RunRecord{});
    const auto second = store->StartRun(RunRecord{});
    ASSERT_TRUE(first.ok() && second.ok());
    EXPECT_EQ(*second, *first + 1);
    EXPECT_EQ((*store->Runs("", 10)).size(), 2u);
  }
}

TEST_F(DocumentStoreTest, AWriteThatLandsAfterTheLeaseWasLostChangesNothing) {
  const Opened first = Open(Elsewhere());
  Seize(first);
  ASSERT_TRUE(first->StartLoad("p", At(1)).ok());
  // The answer never comes, and every look at what became of it fails: the runner gives up.
  first.table->on_write = [&](auto, auto) { return Fault::kUnsureLate; };
  clock_.Advance(seconds(60));
  const Opened second = Open();
  Seize(second);
  EXPECT_EQ(first->Commit("p", At(2), {}, {}).code(), StatusCode::kLocked);
  ASSERT_TRUE(second->Commit("p", At(3), {}, {}).ok());
  // Its request arrives now.
  first.table->on_write = nullptr;
  EXPECT_EQ(first->Commit("p", At(2), {}, {}).code(), StatusCode::kLocked);
  EXPECT_EQ((*Open()->LoadCheckpoint("p"))->version, 3);
}

TEST_F(DocumentStoreTest, TwoWithoutALeaseCannotOverwriteEachOther) {
  BeginLoad();
  const Opened first = Open();
  const Opened second = Open();
  ASSERT_TRUE(first->LoadCheckpoint("p").ok());
  ASSERT_TRUE(second->Commit("p", At(2), {}, {}).ok());
  EXPECT_EQ(first->Commit("p", At(3), {}, {}).code(), StatusCode::kConflict);
  EXPECT_EQ((*Open()->LoadCheckpoint("p"))->version, 2);
}

TEST_F(DocumentStoreTest, TheLeaseOfAProcessThatDiedHereIsTakenOverAtOnce) {
  ProcessIdentity dead = ThisProcess();
  dead.started += 1;  // this pid, but another process
  Seize(Open(dead));
  const Opened store = Open();
  EXPECT_FALSE((*store->Holder("p"))->holds);
  EXPECT_TRUE(store->AcquireLease("p", seconds(30)).ok());
}

TEST_F(DocumentStoreTest, TheLeaseOfAnotherMachineIsTakenOverOnlyWhenItExpires) {
  Seize(Open(Elsewhere()));
  const Opened store = Open();
  EXPECT_EQ(store->AcquireLease("p", seconds(30)).status().code(), StatusCode::kLocked);
  clock_.Advance(seconds(30));
  EXPECT_EQ(store->AcquireLease("p", seconds(30)).status().code(), StatusCode::kLocked)
      << "the store's clock has whole seconds, and may have been another replica's";
  clock_.Advance(seconds(5));
  EXPECT_TRUE(store->AcquireLease("p", seconds(30)).ok());
}

TEST_F(DocumentStoreTest, LeasesAreJudgedByTheStoresClockAlone) {
  Seize(Open(Elsewhere()));
  ManualClock ahead(clock_.WallNow() + std::chrono::hours(5));
  // Its table's clock is the store's; its own is five hours ahead.
  auto store =
      MakeDocumentStore(std::make_unique<MemoryDocumentTable>(content_, clock_), "memory", ahead);
  EXPECT_EQ(store->AcquireLease("p", seconds(30)).status().code(), StatusCode::kLocked);
}

TEST_F(DocumentStoreTest, EveryOwnerHasTheNextEpoch) {
  for (int64_t epoch = 1; epoch <= 3; ++epoch) {
    const Opened store = Open();
    const auto lease = *store->AcquireLease("p", seconds(30));
    EXPECT_THAT(Document("lease").body, HasSubstr("\"epoch\":" + std::to_string(epoch)));
  }
}

TEST_F(DocumentStoreTest, AHistoryWithoutItsCounterIsDamaged) {
  ASSERT_TRUE(Open()->StartRun(RunRecord{}).ok());
  ASSERT_EQ(content_->documents.erase({"*runs", "counter"}), 1u);
  EXPECT_EQ(Open()->StartRun(RunRecord{}).status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(Open()->Runs("", 5).status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace spillway
