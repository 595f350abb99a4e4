#include "verify/verify_part.h"

#include <fmt/format.h>

#include <memory>
#include <mutex>
#include <utility>

#include "changes/column_policy.h"
#include "connector/place_reading.h"
#include "engine/load_plan.h"
#include "verify/read_pace.h"

namespace spillway {
namespace {

// What is read, in memory.
class Collected : public RecordSink, public KeySink {
 public:
  explicit Collected(VerifyOutcome& outcome) : outcome_(outcome) {}

  Status Add(const std::vector<VerifyRecord>& records, uint64_t others) override {
    std::lock_guard lock(mutex_);
    if (outcome_.records.size() + records.size() > kVerifyPartRecordsMax) {
      return TooLarge(fmt::format("a part of the verification has more than {} documents",
                                  kVerifyPartRecordsMax))
          .WithHint("verify on one machine, whose disk takes them: spillway verify");
    }
    outcome_.records.insert(outcome_.records.end(), records.begin(), records.end());
    outcome_.others += others;
    return Status::Ok();
  }

  Result<std::vector<uint64_t>> Append(std::span<const StoredDocument> documents) override {
    std::lock_guard lock(mutex_);
    return AppendKeys(documents, outcome_.keys);
  }

 private:
  std::mutex mutex_;
  VerifyOutcome& outcome_;
};

Status CheckSame(const Snapshot& snapshot, const VerifyPartWork& work) {
  bool same = snapshot.info().table_id == work.table_id;
  for (size_t i = 0; same && i < work.rows.size(); ++i) {
    const uint32_t split = work.rows[i].split;
    same = split < snapshot.splits().size() && snapshot.splits()[split].key == work.keys[i];
  }
  if (same) return Status::Ok();
  return Conflict(fmt::format("version {} of {} is another one here than where the verification was"
                              " planned",
                              work.version, snapshot.info().location))
      .WithHint("the table's address must mean the same table in every process");
}

Status ReadRows(const VerifyPartParts& parts, const VerifyPartWork& work, uint64_t memory_bytes_max,
                VerifyOutcome& outcome, const CallContext& ctx) {
  VersionSelector at;
  at.version = work.version;
  ASSIGN_OR_RETURN(
      const std::unique_ptr<Snapshot> snapshot,
      OpenMapped(parts.source, parts.documents, at, BatchBytesTarget(memory_bytes_max), ctx));
  RETURN_IF_ERROR(CheckSame(*snapshot, work));
  ASSIGN_OR_RETURN(
      const std::unique_ptr<DocumentEncoder> encoder,
      DocumentEncoder::Make(WithLateColumns(parts.documents, work.late_columns),
                            snapshot->schema()->get(), parts.destination.capabilities()));
  Budget reading(ReadingBytesMax(memory_bytes_max));
  Collected collected(outcome);
  std::atomic<uint64_t> rejected{0};
  for (const SplitRows& rows : work.rows) {
    RETURN_IF_ERROR(
        AddSplit(*snapshot, *encoder, rows, parts.ignored_fields, reading, collected, rejected, ctx)
            .WithContext(fmt::format("reading {}", snapshot->splits()[rows.split].key)));
  }
  outcome.rejected = rejected;
  return Status::Ok();
}

Result<std::vector<std::unique_ptr<DocumentReader>>> OpenReaders(Destination& destination,
                                                                 const VerifyPartWork& work,
                                                                 const CallContext& ctx) {
  auto* places = dynamic_cast<PlaceReading*>(&destination);
  if (work.from <= 0 && work.to >= 1) return destination.OpenReaders(ctx);
  if (places == nullptr) return Unsupported("this destination is read as a whole only");
  ASSIGN_OR_RETURN(std::unique_ptr<DocumentReader> reader,
                   places->OpenReaderOfPart(work.from, work.to, ctx));
  if (reader == nullptr) return Unsupported("this destination is read as a whole only");
  std::vector<std::unique_ptr<DocumentReader>> readers;
  readers.push_back(std::move(reader));
  return readers;
}

Status ReadDocuments(const VerifyPartParts& parts, const VerifyPartWork& work,
                     const ThroughputLimit& limit, VerifyOutcome& outcome, const CallContext& ctx) {
  std::unique_ptr<ReadPace> pace;
  if (limit.is_set()) {
    ASSIGN_OR_RETURN(pace, ReadPace::Make(parts.destination, parts.clock, limit, ctx));
  }
  Collected collected(outcome);
  ASSIGN_OR_RETURN(const auto readers, OpenReaders(parts.destination, work, ctx));
  for (const auto& reader : readers) {
    PacedReader paced(*reader, pace.get());
    RETURN_IF_ERROR(AddDocuments(paced, parts.ignored_fields, parts.documents.soft_delete,
                                 collected, collected, ctx)
                        .WithContext("reading the destination"));
    outcome.cost += reader->cost();
  }
  return Status::Ok();
}

}  // namespace

Result<VerifyOutcome> RunVerifyPart(const VerifyPartParts& parts, const VerifyPartWork& work,
                                    uint64_t memory_bytes_max, const ThroughputLimit& limit,
                                    const CallContext& ctx) {
  VerifyOutcome outcome;
  outcome.side = work.side;
  RETURN_IF_ERROR(work.side == VerifyOutcome::Side::kSource
                      ? ReadRows(parts, work, memory_bytes_max, outcome, ctx)
                      : ReadDocuments(parts, work, limit, outcome, ctx));
  return outcome;
}

}  // namespace spillway
