// Batch: rows as the source gave them: one immutable Arrow record batch and where it stands.
#ifndef SPILLWAY_MODEL_BATCH_H_
#define SPILLWAY_MODEL_BATCH_H_

#include <cstdint>
#include <memory>

#include "model/arrow_abi.h"

namespace spillway {

struct Batch {
  std::shared_ptr<const OwnedSchema> schema;  // a struct type: one child per column
  OwnedArray columns;                         // a struct array without nulls at the top level
  uint32_t split = 0;                         // index into Snapshot::splits()
  uint64_t first_row = 0;  // ordinal of the first row among the split's live rows

  int64_t rows() const { return columns.get().length; }
};

}  // namespace spillway

#endif  // SPILLWAY_MODEL_BATCH_H_
