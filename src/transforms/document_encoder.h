// DocumentEncoder: Arrow columns to JSON bytes without a detour. The hot path of the product: one
// pass over the columns of a batch, one buffer, no allocation per row.
#ifndef SPILLWAY_TRANSFORMS_DOCUMENT_ENCODER_H_
#define SPILLWAY_TRANSFORMS_DOCUMENT_ENCODER_H_

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "connector/destination.h"
#include "model/batch.h"
#include "model/document.h"
#include "model/expression.h"
#include "transforms/document_options.h"

namespace spillway {

// Immutable; Encode may be called from several threads at once.
class DocumentEncoder {
 public:
  virtual ~DocumentEncoder() = default;

  // Checks the options against the schema and the destination's limits, all problems at once
  // (kInvalidArgument; the message lists them, one per line): unknown columns, reserved or special
  // field names, types that have no JSON form, a partition key path that no column fills.
  static Result<std::unique_ptr<DocumentEncoder>> Make(const DocumentOptions& options,
                                                       const ArrowSchema& schema,
                                                       const Capabilities& capabilities);

  // The columns that a snapshot must be read with: documents, keys and filter together. Empty: all.
  static Result<std::vector<std::string>> ColumnsToRead(const DocumentOptions& options);
  // The filter as a tree, for a source to skip by; nullopt when there is none.
  static Result<std::optional<Expression>> Filter(const DocumentOptions& options);

  // Encodes the rows of `batch`. Rows that the filter drops are counted, rows that
  // break a limit or a policy are in `rejected`; the others are documents with identity set and
  // route unset. Deletes carry keys and no body. Fails only when the batch does not have the
  // schema's types.
  virtual Result<std::shared_ptr<EncodedBatch>> Encode(const Batch& batch, Intent intent) const = 0;
  // The same for these rows alone, in ascending order. REQUIRES: the filter lets them pass.
  virtual Result<std::shared_ptr<EncodedBatch>> EncodeRows(
      const Batch& batch, Intent intent, std::span<const uint32_t> rows) const = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_TRANSFORMS_DOCUMENT_ENCODER_H_
