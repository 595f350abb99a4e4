// What happened to a table's columns between two versions, from their schemas.
#ifndef SPILLWAY_SOURCES_DELTA_COLUMN_CHANGES_H_
#define SPILLWAY_SOURCES_DELTA_COLUMN_CHANGES_H_

#include <string>
#include <vector>

#include "base/result.h"
#include "connector/change_log.h"
#include "sources/delta/delta_table_info.h"

namespace spillway {

// In the order of the columns after, then the dropped ones in the order before. Columns are the
// same when they have the same column mapping id, else the same name. Widened are the steps of the
// Delta protocol ("Type Widening") that keep every value as a JSON number, at any depth, and a
// struct that gained a field. Comments, nullability, order and other metadata are no change.
Result<std::vector<ColumnChange>> ColumnChangesBetween(const DeltaTableDetails& before,
                                                       const DeltaTableDetails& after);

// Those that touch one of these columns; none named: all.
std::vector<ColumnChange> OfColumns(std::vector<ColumnChange> changes,
                                    const std::vector<std::string>& columns);

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_COLUMN_CHANGES_H_
