// The lease of a pipeline as a document beside its state. Every owner has an epoch (a fencing
// token): one more than the owner before. Whatever an owner writes goes in one transaction with the
// lease document, on the condition that it is still the one that this owner wrote last; so a runner
// that was paused past its lease cannot write any more, however late its requests arrive.
//
// Whether a lease has expired is judged by the store's clock alone: its last renewal has a time of
// that clock, and so has a document that the one who asks writes into the same partition. Clocks of
// the machines do not matter.
#ifndef SPILLWAY_STATE_DOCUMENT_LEASE_H_
#define SPILLWAY_STATE_DOCUMENT_LEASE_H_

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "state/process_identity.h"
#include "state/state_store.h"
#include "state/state_table.h"

namespace spillway {

struct LeaseDocument {
  int64_t epoch = 0;
  std::string token;  // of this very acquisition; empty once given back
  std::string owner;  // for people
  ProcessIdentity process;
  int64_t acquired_ms = 0;  // by the owner's clock, for people
  int64_t expires_after_ms = 0;
  bool has_state = false;  // there is a head document: if it is missing, it was lost
  std::string etag;
  WallTime written;
};

// What the store and its leases share.
struct DocumentCore {
  DocumentCore(std::unique_ptr<DocumentTable> table_in, Clock& clock)
      : table(std::move(table_in), clock) {}

  StateTable table;
  std::mutex mutex;  // one write at a time, so that each knows the present etag; guards `held`
  std::map<std::string, LeaseDocument, std::less<>> held;  // by this store, as last written
};

Result<std::optional<LeaseDocument>> ReadLeaseDocument(
    StateTable& table, std::string_view pipeline,
    std::chrono::milliseconds call_max = kStateCallMax);

// As StateStore::AcquireLease, for the process `self`.
Result<std::unique_ptr<Lease>> AcquireDocumentLease(const std::shared_ptr<DocumentCore>& core,
                                                    const ProcessIdentity& self,
                                                    std::string_view pipeline,
                                                    std::chrono::milliseconds expires_after);

// As StateStore::Holder; by this machine's clock, since asking the store's means to write.
Result<std::optional<LeaseHolder>> ReadDocumentHolder(DocumentCore& core,
                                                      std::string_view pipeline);

// The document whose replacement is the last step of a transaction: what tells whether one whose
// answer was lost has been carried out.
struct FencedTarget {
  std::string id;
  std::string stamp;  // in the member `stamp` of the new one
  std::string etag;   // of the one to be replaced; empty: there is none
};

// Writes in one transaction with the pipeline's lease, when this store has taken it; repeats what a
// busy service refuses, and finds out what became of a write whose answer was lost. Returns the
// etags of `writes`; of the target alone (the others empty) when the answer was lost. kLocked: the
// lease is another's by now. kConflict: the target is not as expected.
Result<std::vector<std::string>> WriteFenced(DocumentCore& core, std::string_view pipeline,
                                             const std::vector<TableWrite>& writes,
                                             const std::optional<FencedTarget>& target,
                                             std::chrono::milliseconds call_max = kStateCallMax);

}  // namespace spillway

#endif  // SPILLWAY_STATE_DOCUMENT_LEASE_H_
