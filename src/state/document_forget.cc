#include "state/document_forget.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "state/document_head.h"
#include "state/document_store.h"

namespace spillway {
namespace {

constexpr std::string_view kLease = "lease";
// Beside deletions: the lease, and room to spare.
constexpr size_t kWritesReserved = 2;

TableWrite DeletionOf(std::string id, std::string etag = {}) {
  return {TableWrite::Kind::kDelete, std::move(id), {}, std::move(etag)};
}

class Forgetter {
 public:
  Forgetter(DocumentCore& core, std::string_view pipeline) : core_(core), pipeline_(pipeline) {}

  Status Run() {
    StateAttempts attempts(core_.table.clock(), kStateCallMax);
    while (true) {
      Status done = Try();
      if (done.ok()) return done;
      // Listed anew: what a lost answer has deleted is not there to be deleted again.
      if (done.code() == StatusCode::kConflict) done = Unavailable(std::string(done.message()));
      RETURN_IF_ERROR(attempts.WaitToTryAgain(std::move(done)));
    }
  }

 private:
  Status Try() {
    for (const std::string_view kind : {"rejected", "progress"}) {
      RETURN_IF_ERROR(DeleteAllOf(kind));
    }
    return DeleteHead();
  }

  // The ids alone: what is damaged goes too.
  Status DeleteAllOf(std::string_view kind) {
    const std::string from = std::string(kind) + ":";
    const std::string before = std::string(kind) + ";";
    StateAttempts attempts(core_.table.clock(), kStateCallMax);
    ASSIGN_OR_RETURN(const std::vector<TableDocument> documents,
                     core_.table.table().List(pipeline_, from, before, attempts.context()));
    const size_t writes_max = core_.table.table().limits().writes_max - kWritesReserved;
    for (size_t first = 0; first < documents.size(); first += writes_max) {
      std::vector<TableWrite> writes;
      const size_t end = std::min(first + writes_max, documents.size());
      for (size_t i = first; i < end; ++i) writes.push_back(DeletionOf(documents[i].id));
      RETURN_IF_ERROR(Write(writes));
    }
    return Status::Ok();
  }

  Status DeleteHead() {
    StateAttempts attempts(core_.table.clock(), kStateCallMax);
    std::vector<TableWrite> writes;
    ASSIGN_OR_RETURN(const std::optional<TableDocument> head,
                     core_.table.table().Read(pipeline_, kStateHead, attempts.context()));
    if (head.has_value()) writes.push_back(DeletionOf(head->id, head->etag));
    if (!MarkAsWithoutState()) {
      ASSIGN_OR_RETURN(const std::optional<LeaseDocument> lease,
                       ReadLeaseDocument(core_.table, pipeline_));
      if (lease.has_value()) writes.push_back(DeletionOf(std::string(kLease), lease->etag));
    }
    return Write(writes);
  }

  // False: this store does not hold the lease.
  bool MarkAsWithoutState() {
    std::lock_guard lock(core_.mutex);
    const auto held = core_.held.find(pipeline_);
    if (held == core_.held.end()) return false;
    held->second.has_state = false;
    return true;
  }

  // One attempt: what is deleted is found out anew before the next.
  Status Write(const std::vector<TableWrite>& writes) {
    return WriteFenced(core_, pipeline_, writes, std::nullopt, std::chrono::milliseconds(0))
        .status();
  }

  DocumentCore& core_;
  const std::string_view pipeline_;
};

}  // namespace

Status ForgetDocuments(DocumentCore& core, std::string_view pipeline) {
  return Forgetter(core, pipeline).Run();
}

}  // namespace spillway
