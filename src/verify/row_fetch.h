// RowFetch: rows of a snapshot read again, by where they stand: in the table's order, each file
// opened once, what lies between two rows skipped where that is cheaper.
#ifndef SPILLWAY_VERIFY_ROW_FETCH_H_
#define SPILLWAY_VERIFY_ROW_FETCH_H_

#include <cstdint>
#include <functional>
#include <string>

#include "connector/source.h"
#include "engine/budget.h"
#include "engine/external_sort.h"
#include "transforms/document_encoder.h"

namespace spillway {

// All outlive the reading.
struct FetchParts {
  const Snapshot& snapshot;
  const DocumentEncoder& encoder;
  Budget& reading;  // what readers hold besides their batches
};

// Used by one thread.
class RowFetch {
 public:
  // `spill_path` is where the places go that do not fit in memory.
  RowFetch(const std::string& spill_path, uint64_t memory_bytes_max)
      : places_(spill_path, memory_bytes_max) {}

  // As VerifyRecord::place. Each place once.
  Status Add(uint64_t place);
  uint64_t size() const { return size_; }

  // Calls with each row's document, in the order of the table. The document lives as long as the
  // call. REQUIRES: every row was a document when it was read first. No Add after it.
  using OnDocument = std::function<Status(const Document& document, uint64_t place)>;
  Status Read(const FetchParts& parts, const OnDocument& on_document, const CallContext& ctx);

 private:
  ExternalSort<uint64_t> places_;
  uint64_t size_ = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_VERIFY_ROW_FETCH_H_
