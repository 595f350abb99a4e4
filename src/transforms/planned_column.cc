#include "transforms/planned_column.h"

#include <fmt/format.h>

namespace spillway {

Result<ColumnView> BindPlanned(const PlannedColumn& column, const Batch& batch) {
  const ArrowSchema& schema = batch.schema->get();
  if (column.index >= schema.n_children) {
    return DataLoss(fmt::format("the batch has no column \"{}\"", column.shape.name));
  }
  ASSIGN_OR_RETURN(const ColumnShape shape, ParseShape(*schema.children[column.index]));
  if (shape.name != column.shape.name || !SameLayout(shape, column.shape)) {
    return DataLoss(fmt::format("column \"{}\": the batch has \"{}\" of type {} instead of {}",
                                column.shape.name, shape.name, TypeName(shape),
                                TypeName(column.shape)));
  }
  return ColumnView::BindColumn(column.shape, batch.columns.get(), column.index);
}

}  // namespace spillway
