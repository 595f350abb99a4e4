// The contract of a destination. A connector judges and reports; it never sleeps and never retries
// a write: waiting, retrying, rejecting and limiting are the engine's, in one place each.
// docs/adding-a-destination.md walks through it; test/conformance holds every destination to it.
#ifndef SPILLWAY_CONNECTOR_DESTINATION_H_
#define SPILLWAY_CONNECTOR_DESTINATION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/call_context.h"
#include "base/hash.h"
#include "base/result.h"
#include "connector/key_reader.h"
#include "connector/partitioning.h"
#include "model/document.h"
#include "model/write_report.h"

namespace spillway {

class Tuning;  // connector/tuning.h

// What a write means (design §6). One word, everywhere.
enum class WriteMode : uint8_t {
  kMirror,               // upsert, and delete what is deleted
  kUpsert,               // never delete
  kAppend,               // create; leave what exists
  kUpdate,               // replace what exists; leave what is missing
  kUpsertIfNotModified,  // the row's _etag decides; without one: create
  kPatch,                // set the given fields of an existing document
  kPatchIfExists,        // the same, a missing document is left
  kMergeFields,          // read, merge the given fields, write
  kDelete,               // every row names a document to delete
  kDeleteIfNotModified,  // the same, only while the row's _etag is current
  kSoftDelete,           // upsert; a delete sets the fields of its body instead
};

// Whether a row that goes takes its document along, or marks it.
constexpr bool PropagatesDeletes(WriteMode mode) {
  return mode == WriteMode::kMirror || mode == WriteMode::kSoftDelete;
}

// What a document may be, checked before sending (sizes in UTF-8 bytes).
struct DocumentLimits {
  uint64_t document_bytes_max = UINT64_MAX;
  uint32_t id_bytes_max = UINT32_MAX;
  uint32_t partition_key_bytes_max = UINT32_MAX;  // of one component's value
  uint32_t depth_max = UINT32_MAX;                // nesting of objects and arrays
  std::string id_forbidden;                       // characters that no id may hold
  std::vector<std::string> reserved_fields;       // top-level names that the system owns
  std::vector<std::string> special_fields;  // names with an effect: only when mapped on purpose
};

struct Capabilities {
  uint32_t rows_max = 1;      // documents in one Write
  uint64_t bytes_target = 0;  // of bodies in one Write; one larger document goes alone
  std::vector<WriteMode> modes;
  bool keeps_numbers_exactly = true;  // false: numbers become IEEE-754 doubles
  bool measures_cost = false;         // WriteReport::cost means something
  // Of one write, in the unit of WriteReport::cost, before any is known; null without such a unit.
  double (*expected_cost)(uint64_t document_bytes) = nullptr;
  DocumentLimits limits;
};

// How documents spread over lanes: lane i takes the routes in [lower_bounds[i], lower_bounds[i +
// 1]). Fixed for a run, so a key keeps its lane even when the destination splits underneath.
struct LanePlan {
  std::vector<Hash128> lower_bounds;  // ascending; the first is {0, 0}
  std::vector<uint32_t> groups;       // per lane: the unit that throttles (a physical partition)
  // Where the parts of lanes begin whose documents go into one write together (a physical partition
  // each): ascending, every lower bound among them. Empty: each lane is one.
  std::vector<Hash128> section_bounds{};
};

// What the destination admits, in the unit of WriteReport::cost.
struct AdmittedThroughput {
  std::optional<double>
      units_per_second;  // in all; nullopt: there is no such number, or no telling
  // By group of a LanePlan, the part of it that the group can get; together 1. Empty: not known.
  std::vector<double> parts;
};

// One ordered, blocking conversation. Used by one thread at a time.
class Writer {
 public:
  virtual ~Writer() = default;
  // Blocks. OK means "the report is true", not "all rows succeeded": rows without a failure are
  // durable. A failed Status means that nothing can be said of any row that has no outcome: the
  // engine treats kThrottled and kUnavailable as "not applied", kUnsure as "may be applied", others
  // as stop. REQUIRES: 1 ≤ documents.size() ≤ rows_max; no identity twice.
  virtual Result<WriteReport> Write(std::span<const Document> documents,
                                    const CallContext& ctx) = 0;
};

// A document as the destination holds it.
struct StoredDocument {
  std::string_view body;  // JSON, the system's own properties still in it
  std::string_view id;
  std::string_view partition_key;  // JSON array, as Document::partition_key
};

// Pages through documents in no particular order. Used by one thread at a time.
class DocumentReader {
 public:
  virtual ~DocumentReader() = default;
  // Blocks. The views live until the next call. An empty page is the end.
  virtual Result<std::span<const StoredDocument>> NextPage(const CallContext& ctx) = 0;
  // What the pages so far cost, in the unit of WriteReport::cost; 0 where reading costs nothing.
  virtual double cost() const { return 0; }
};

// What Prepare created or would create, for people: "container products (400 RU/s, key /category)".
struct Preparation {
  std::vector<std::string> steps;
};

// Thread-safe, cheap to hold.
class Destination {
 public:
  virtual ~Destination() = default;
  virtual const Capabilities& capabilities() const = 0;
  // Tries only what writing will need, and writes nothing.
  virtual Status Check(const CallContext& ctx) = 0;
  // Creates what is missing, as the configuration allows; with `dry_run` only says what it would
  // do.
  virtual Result<Preparation> Prepare(bool dry_run, const CallContext& ctx) = 0;
  // REQUIRES: Prepare. Sets how documents spread; at most `lanes_max` lanes.
  virtual Result<LanePlan> PlanLanes(uint32_t lanes_max, const CallContext& ctx) = 0;
  // What is admitted now, for the groups of a plan that may be older than what they stand for.
  virtual Result<AdmittedThroughput> ReadThroughput(const LanePlan&, const CallContext&) {
    return AdmittedThroughput{};
  }
  // Pure and fast: the route of a document by its partition key. REQUIRES: PlanLanes.
  virtual Hash128 Route(const Document& document) const = 0;
  virtual Result<std::unique_ptr<Writer>> OpenWriter(WriteMode mode, const CallContext& ctx) = 0;
  // All documents of the destination, as `parts` readers that may run in parallel.
  virtual Result<std::vector<std::unique_ptr<DocumentReader>>> OpenReaders(
      const CallContext& ctx) = 0;
  // One document; nullopt when it is not there.
  virtual Result<std::optional<std::string>> ReadOne(std::string_view partition_key,
                                                     std::string_view id,
                                                     const CallContext& ctx) = 0;
  // Several documents at a time. Unless overridden: one after the other. Must not outlive the
  // destination.
  virtual Result<std::unique_ptr<KeyReader>> OpenKeyReader(const CallContext& ctx);
  // Takes the destination away, with every document in it. OK when it is not there. kUnsupported,
  // unless overridden: a destination that is never made anew beside another.
  virtual Status Remove([[maybe_unused]] const CallContext& ctx) {
    return Unsupported("this destination is never taken away");
  }
  // For the choice of a partition key; makes no use of the configured one and writes nothing.
  // `documents_bytes`: about what the container will hold. kInvalidArgument, unless overridden: the
  // destination has no ranges that a key could use well or badly.
  virtual Result<std::unique_ptr<Partitioning>> OpenPartitioning(
      [[maybe_unused]] double documents_bytes, [[maybe_unused]] const CallContext& ctx) {
    return InvalidArgument(
        "this destination has no physical partitions: any partition key does as well as another");
  }
  // What can be set for the time of a load; nullptr: nothing. Lives as long as the destination.
  virtual Tuning* tuning() { return nullptr; }
};

// Reads one document after the other.
class OneByOneReader : public KeyReader {
 public:
  explicit OneByOneReader(Destination& destination) : destination_(destination) {}

  Result<std::vector<std::optional<std::string>>> Read(std::span<const DocumentKey> keys,
                                                       const CallContext& ctx) override {
    std::vector<std::optional<std::string>> bodies;
    for (const DocumentKey& key : keys) {
      ASSIGN_OR_RETURN(bodies.emplace_back(), destination_.ReadOne(key.partition_key, key.id, ctx));
    }
    return bodies;
  }
  size_t keys_max() const override { return kKeysMax; }

 private:
  static constexpr size_t kKeysMax = 100;
  Destination& destination_;
};

inline Result<std::unique_ptr<KeyReader>> Destination::OpenKeyReader(const CallContext&) {
  return std::unique_ptr<KeyReader>(std::make_unique<OneByOneReader>(*this));
}

}  // namespace spillway

#endif  // SPILLWAY_CONNECTOR_DESTINATION_H_
