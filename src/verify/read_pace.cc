#include "verify/read_pace.h"

#include <utility>

namespace spillway {
namespace {

// Reads are not told apart by what throttles them: the limit is one of all together.
constexpr uint32_t kOneGroup = 0;
constexpr uint32_t kOneLane = 1;

}  // namespace

Result<std::unique_ptr<ReadPace>> ReadPace::Make(Destination& destination, Clock& clock,
                                                 const ThroughputLimit& limit,
                                                 const CallContext& ctx) {
  std::unique_ptr<ReadPace> pace(new ReadPace(clock));
  AdmittedThroughput admitted;
  if (limit.share.has_value()) {
    ASSIGN_OR_RETURN(const LanePlan plan, destination.PlanLanes(kOneLane, ctx));
    ASSIGN_OR_RETURN(admitted, destination.ReadThroughput(plan, ctx));
    if (!admitted.units_per_second.has_value()) {
      return InvalidArgument(
                 "the limit is a share, and the destination does not say what it admits")
          .WithHint("give it in request units a second: --ru 2000");
    }
    admitted.parts.clear();
  }
  pace->limiter_.SetAdmitted(admitted);
  pace->limiter_.SetLimit(limit);
  return pace;
}

Result<ThroughputTicket> ReadPace::Wait(double units, const CallContext& ctx) {
  return limiter_.Admit(kOneGroup, units, ctx.stop);
}

void ReadPace::Settle(const ThroughputTicket& ticket, double units) {
  limiter_.Settle(ticket, {.units = units});
}

Result<std::vector<std::optional<std::string>>> PacedRead(KeyReader& reader, ReadPace* pace,
                                                          std::span<const DocumentKey> keys,
                                                          const CallContext& ctx) {
  if (pace == nullptr) return reader.Read(keys, ctx);
  // A read by key costs 1 for the first kilobyte.
  ASSIGN_OR_RETURN(const ThroughputTicket ticket,
                   pace->Wait(static_cast<double>(keys.size()), ctx));
  const double before = reader.cost();
  Result<std::vector<std::optional<std::string>>> bodies = reader.Read(keys, ctx);
  pace->Settle(ticket, reader.cost() - before);
  return bodies;
}

Result<std::span<const StoredDocument>> PacedReader::ReadAhead(const CallContext& ctx) {
  ASSIGN_OR_RETURN(ahead_, ReadPage(ctx));
  return *ahead_;
}

Result<std::span<const StoredDocument>> PacedReader::NextPage(const CallContext& ctx) {
  if (!ahead_.has_value()) return ReadPage(ctx);
  const std::span<const StoredDocument> page = *ahead_;
  ahead_.reset();
  return page;
}

Result<std::span<const StoredDocument>> PacedReader::ReadPage(const CallContext& ctx) {
  if (pace_ == nullptr) return reader_.NextPage(ctx);
  ASSIGN_OR_RETURN(const ThroughputTicket ticket, pace_->Wait(expected_, ctx));
  const double before = reader_.cost();
  Result<std::span<const StoredDocument>> page = reader_.NextPage(ctx);
  const double took = reader_.cost() - before;
  pace_->Settle(ticket, took);
  if (page.ok() && !page->empty()) expected_ = took;
  return page;
}

}  // namespace spillway
