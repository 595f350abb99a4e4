// The rejected rows of a pipeline in a document store: many rows to a document, documents in the
// order in which they were written. A row that is rejected again replaces its earlier entry when
// they are read.
#ifndef SPILLWAY_STATE_DOCUMENT_REJECTED_H_
#define SPILLWAY_STATE_DOCUMENT_REJECTED_H_

#include <optional>
#include <string_view>
#include <vector>

#include "state/state_store.h"
#include "state/state_table.h"

namespace spillway {

// The documents that hold `rejected` of a load, written with the head's change `sequence`.
Result<std::vector<TableWrite>> WritesOfRejected(std::string_view pipeline, int64_t load,
                                                 int64_t sequence,
                                                 const std::vector<RejectedRecord>& rejected);

// Of one load, or of all that are kept; ordered by load, version, split and row.
Result<std::vector<RejectedRecord>> ReadRejected(StateTable& table, std::string_view pipeline,
                                                 std::optional<int64_t> load);

// The documents of loads before `load`, as deletions.
Result<std::vector<TableWrite>> DeletionsOfRejected(StateTable& table, std::string_view pipeline,
                                                    int64_t load);

}  // namespace spillway

#endif  // SPILLWAY_STATE_DOCUMENT_REJECTED_H_
