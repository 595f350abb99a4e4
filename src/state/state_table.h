// StateTable: the documents of a state store over a DocumentTable: each carries a format and a
// checksum, so that damage is noticed; reads and writes that a busy service refuses are repeated
// within bounds.
#ifndef SPILLWAY_STATE_STATE_TABLE_H_
#define SPILLWAY_STATE_STATE_TABLE_H_

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json_writer.h"
#include "connector/document_table.h"
#include "json/json_tree.h"

namespace spillway {

inline constexpr int64_t kStateDocumentFormat = 1;
// How long one call of the store goes on trying, and one request of it may take.
inline constexpr std::chrono::seconds kStateCallMax{30};
inline constexpr std::chrono::seconds kStateRequestMax{10};

// A document that was read, and found whole.
struct StateDocument {
  std::string id;
  JsonNode json;
  std::string etag;
  WallTime written;  // by the store's clock
};

// Bounds the time of one call: waits between its attempts.
class StateAttempts {
 public:
  StateAttempts(Clock& clock, std::chrono::milliseconds call_max);
  // OK: try again now. Else `last`: it is no failure that passes, or time is up.
  Status WaitToTryAgain(Status last);
  CallContext context() const;  // of one request

 private:
  Clock& clock_;
  const SteadyTime deadline_;
  uint32_t attempts_ = 0;
  std::minstd_rand random_;
};

// Thread-safe.
class StateTable {
 public:
  StateTable(std::unique_ptr<DocumentTable> table, Clock& clock)
      : table_(std::move(table)), clock_(clock) {}

  // kDataLoss: it is there and damaged. kUnsupported: of a newer format.
  Result<std::optional<StateDocument>> Read(std::string_view partition, std::string_view id,
                                            std::chrono::milliseconds call_max = kStateCallMax);
  Result<std::vector<StateDocument>> List(std::string_view partition, std::string_view from,
                                          std::string_view before);
  // One attempt, as DocumentTable::Write.
  Result<std::vector<std::string>> Write(std::string_view partition,
                                         std::span<const TableWrite> writes,
                                         const CallContext& ctx);

  DocumentTable& table() { return *table_; }
  Clock& clock() { return clock_; }
  int64_t NowMillis() const;

 private:
  std::string Name() const;  // for people, of the store
  Result<StateDocument> Check(std::string_view partition, TableDocument document) const;

  const std::unique_ptr<DocumentTable> table_;
  Clock& clock_;
};

// A write of a whole document: `json` has had BeginObject and its own members, and is closed here.
class StateDocumentWriter {
 public:
  StateDocumentWriter(std::string_view partition, std::string id);
  JsonWriter& json() { return json_; }
  Result<TableWrite> Finish(TableWrite::Kind kind, std::string if_match = {});

 private:
  std::string id_;
  JsonWriter json_;
};

}  // namespace spillway

#endif  // SPILLWAY_STATE_STATE_TABLE_H_
