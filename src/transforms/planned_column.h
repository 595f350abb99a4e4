// PlannedColumn: a column that an encoder or a filter reads from every batch.
#ifndef SPILLWAY_TRANSFORMS_PLANNED_COLUMN_H_
#define SPILLWAY_TRANSFORMS_PLANNED_COLUMN_H_

#include <cstdint>

#include "base/result.h"
#include "columns/column_view.h"
#include "model/batch.h"

namespace spillway {

struct PlannedColumn {
  int64_t index = 0;  // in the schema
  ColumnShape shape;
};

// The column in `batch`. Both must outlive the view. Fails with kDataLoss when the batch has
// another column in its place.
Result<ColumnView> BindPlanned(const PlannedColumn& column, const Batch& batch);

}  // namespace spillway

#endif  // SPILLWAY_TRANSFORMS_PLANNED_COLUMN_H_
