// What a run does when the table's columns change on the way: goes on where every document stays
// what the mapping says, else stops and names the decision that is needed.
#ifndef SPILLWAY_CHANGES_COLUMN_POLICY_H_
#define SPILLWAY_CHANGES_COLUMN_POLICY_H_

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "connector/change_log.h"
#include "transforms/document_options.h"

namespace spillway {

// Adds mapped columns that are new to `late_columns`. kUnsupported for a change that would make
// documents of unchanged rows differ from the mapping: a mapped column that was dropped, renamed or
// got another type.
Status JudgeColumnChanges(std::span<const ColumnChange> changes, const DocumentOptions& documents,
                          int64_t version, std::vector<std::string>* late_columns);

// The mapping as it is with these columns: their nulls are left out, since documents from before
// do not have them.
DocumentOptions WithLateColumns(DocumentOptions documents,
                                const std::vector<std::string>& late_columns);

}  // namespace spillway

#endif  // SPILLWAY_CHANGES_COLUMN_POLICY_H_
