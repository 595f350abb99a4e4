// EmbeddedReader: the documents of a part of a destination, or the results of a query over it, as
// Arrow batches, for a program that reads them (a Spark task). Configured as an EmbeddedSession, of
// whose options it takes "connection", "destination", "throughput.limit" and "read".
#ifndef SPILLWAY_APP_EMBEDDED_READER_H_
#define SPILLWAY_APP_EMBEDDED_READER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "app/embedded_session.h"
#include "connector/destination.h"
#include "model/arrow_abi.h"
#include "transforms/document_columns.h"
#include "verify/read_pace.h"

namespace spillway {

// What was read so far.
struct ReadSummary {
  uint64_t documents = 0;
  uint64_t misfits = 0;  // values that became null because they did not fit their column
  double cost = 0;       // in the destination's unit
};

// Used by one thread at a time.
class EmbeddedReader {
 public:
  // `schema`: of the batches, a struct. Errors: of the destination, of OpenQuery, and of
  // DocumentColumns::Make.
  static Result<std::unique_ptr<EmbeddedReader>> Open(EmbeddedConfig config,
                                                      const ArrowSchema& schema,
                                                      const CallContext& ctx);

  // Blocks. The next documents; an empty owner is the end. kInvalidArgument: a value does not fit
  // its column; the message has document and column. Or a result is no object.
  Result<OwnedArray> Next(const CallContext& ctx);

  ReadSummary summary() const;

 private:
  EmbeddedReader() = default;
  Status OpenReaders(const ReadOptions& options, const CallContext& ctx);
  Status AppendPage();
  // The next page; false at the end of the last reader.
  Result<bool> NextPage(const CallContext& ctx);

  std::unique_ptr<Destination> destination_;
  std::unique_ptr<ReadPace> pace_;  // null: as fast as it goes
  std::vector<std::unique_ptr<DocumentReader>> readers_;
  std::vector<PacedReader> paced_;
  std::unique_ptr<DocumentColumns> columns_;
  std::span<const StoredDocument> page_;  // of readers_[at_], what is left of it
  size_t at_ = 0;
  int64_t rows_max_ = 0;  // of a batch
  uint64_t documents_ = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_APP_EMBEDDED_READER_H_
