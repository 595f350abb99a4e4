// ReadPace: keeps reading the destination within a limit of its own, so that a proof costs the
// application nothing that it needs.
#ifndef SPILLWAY_VERIFY_READ_PACE_H_
#define SPILLWAY_VERIFY_READ_PACE_H_

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "connector/destination.h"
#include "throughput/throughput_limiter.h"

namespace spillway {

// Thread-safe. All readers of a run share one.
class ReadPace {
 public:
  // `limit`: of all reading together. A share is one of what the destination admits; then, and only
  // then, it is asked (kInvalidArgument when it does not say). REQUIRES: limit.is_set().
  static Result<std::unique_ptr<ReadPace>> Make(Destination& destination, Clock& clock,
                                                const ThroughputLimit& limit,
                                                const CallContext& ctx);

  // Waits until a read that is expected to cost `units` may go. kCancelled when stopped.
  Result<ThroughputTicket> Wait(double units, const CallContext& ctx);
  // Once for each ticket: what it really cost.
  void Settle(const ThroughputTicket& ticket, double units);

 private:
  explicit ReadPace(Clock& clock) : limiter_(clock) {}
  ThroughputLimiter limiter_;
};

// KeyReader::Read that keeps to a pace; null: as fast as it goes.
Result<std::vector<std::optional<std::string>>> PacedRead(KeyReader& reader, ReadPace* pace,
                                                          std::span<const DocumentKey> keys,
                                                          const CallContext& ctx);

// A reader that keeps to a pace; null: as fast as it goes. Used by one thread at a time.
class PacedReader : public DocumentReader {
 public:
  // Both outlive it.
  PacedReader(DocumentReader& reader, ReadPace* pace) : reader_(reader), pace_(pace) {}

  Result<std::span<const StoredDocument>> NextPage(const CallContext& ctx) override;
  double cost() const override { return reader_.cost(); }

  // Reads the first page ahead: NextPage gives it out then. Returns its documents, which live until
  // the page after it is read.
  Result<std::span<const StoredDocument>> ReadAhead(const CallContext& ctx);

 private:
  Result<std::span<const StoredDocument>> ReadPage(const CallContext& ctx);

  DocumentReader& reader_;
  ReadPace* const pace_;
  double expected_ = 0;  // of the next page: as the last one
  std::optional<std::span<const StoredDocument>> ahead_;
};

}  // namespace spillway

#endif  // SPILLWAY_VERIFY_READ_PACE_H_
