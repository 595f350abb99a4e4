// The state store over a DocumentTable: a state that lives beside the data, so that another machine
// goes on where one has stopped.
//
// A pipeline is a partition. Its document `head` is the root: the checkpoint, and which documents
// with progress belong to it. Documents with progress stand in one of two places in turn, and the
// head says which, so a change of any size takes effect at once, with the head, or not at all.
// `lease` (document_lease.h) is in every transaction. Rejected rows are in documents of their own,
// many in each. Runs of all pipelines share a partition, since they are numbered together.
#ifndef SPILLWAY_STATE_DOCUMENT_STORE_H_
#define SPILLWAY_STATE_DOCUMENT_STORE_H_

#include <memory>
#include <string>

#include "base/clock.h"
#include "connector/document_table.h"
#include "state/process_identity.h"
#include "state/state_store.h"

namespace spillway {

inline constexpr std::string_view kStateHead = "head";
inline constexpr std::string_view kStateRunsPartition = "*runs";  // no pipeline can be named so

// REQUIRES: the table has been prepared or checked. `kind` is the word for it in messages; `self`
// is the process that takes leases. `clock` outlives the store.
std::unique_ptr<StateStore> MakeDocumentStore(std::unique_ptr<DocumentTable> table,
                                              std::string kind, Clock& clock,
                                              const ProcessIdentity& self = ThisProcess());

}  // namespace spillway

#endif  // SPILLWAY_STATE_DOCUMENT_STORE_H_
