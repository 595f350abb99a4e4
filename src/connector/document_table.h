// DocumentTable: a few small JSON documents that the program keeps for itself in a store of
// documents: its own state, say. Documents live in partitions; the writes of one call are one
// transaction within a partition, each on its condition. A connector that can do this offers it
// beside its destination; it judges and reports, and never retries a write.
#ifndef SPILLWAY_CONNECTOR_DOCUMENT_TABLE_H_
#define SPILLWAY_CONNECTOR_DOCUMENT_TABLE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/call_context.h"
#include "base/clock.h"
#include "base/result.h"

namespace spillway {

// Every body is a JSON object with at least these members, texts both.
inline constexpr std::string_view kTablePartition = "partition";
inline constexpr std::string_view kTableId = "id";

struct TableDocument {
  std::string id;
  std::string body;  // as it was written; the store may have added members of its own
  std::string etag;  // another one after every write
  // By the store's own clock, in whole seconds, rounded down.
  WallTime written;
};

struct TableWrite {
  enum class Kind : uint8_t {
    kCreate,   // there must be none
    kReplace,  // there must be one
    kUpsert,
    kDelete,  // there must be one
  };
  Kind kind = Kind::kUpsert;
  std::string id;
  std::string body;      // empty for kDelete
  std::string if_match;  // an etag that must be the present one; empty: any
};

struct TableLimits {
  size_t writes_max = 1;                   // in one call
  uint64_t bytes_max = 0;                  // of their bodies together
  std::vector<std::string> added_members;  // top-level names that the store adds to a body
};

// Thread-safe.
class DocumentTable {
 public:
  virtual ~DocumentTable() = default;

  // For people: "https://host/db/container"; no credentials.
  virtual std::string Describe() const = 0;
  virtual const TableLimits& limits() const = 0;
  // kNotFound: the table is not there, and Prepare would have to make it.
  virtual Status Check(const CallContext& ctx) = 0;
  // Makes the table when it is missing.
  virtual Status Prepare(const CallContext& ctx) = 0;

  // nullopt: it is not there. Sees every write that came before it, whoever made it.
  virtual Result<std::optional<TableDocument>> Read(std::string_view partition, std::string_view id,
                                                    const CallContext& ctx) = 0;
  // Those with from ≤ id < before, in order of their ids. May lag behind what was written last.
  virtual Result<std::vector<TableDocument>> List(std::string_view partition, std::string_view from,
                                                  std::string_view before,
                                                  const CallContext& ctx) = 0;

  // All or nothing. Returns the new etags, one per write (empty for kDelete). Failures: kConflict:
  // a condition does not hold, nothing was written; kThrottled, kUnavailable: nothing was written,
  // the same call may work later; kUnsure: it may have been written, or may still be.
  virtual Result<std::vector<std::string>> Write(std::string_view partition,
                                                 std::span<const TableWrite> writes,
                                                 const CallContext& ctx) = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_CONNECTOR_DOCUMENT_TABLE_H_
