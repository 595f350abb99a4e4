#include "engine/pump.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace spillway {
namespace {

// How long a stop lets writes under way go on before they are broken off, and so become unsure.
constexpr std::chrono::seconds kDrainMax{10};

void Supervise(const PumpParts& parts, const std::stop_token& lanes_ended,
               std::chrono::milliseconds tick, const std::function<void()>& on_tick) {
  std::optional<SteadyTime> drained_by;
  while (!lanes_ended.stop_requested()) {
    parts.clock.WaitFor(tick, lanes_ended);
    if (parts.stop.token().stop_requested()) {
      const SteadyTime now = parts.clock.Now();
      if (!drained_by.has_value()) drained_by = now + kDrainMax;
      if (now >= *drained_by) parts.stop.AbortWrites();
    }
    on_tick();
  }
}

Intent IntentOf(WriteMode mode) {
  const bool deletes = mode == WriteMode::kDelete || mode == WriteMode::kDeleteIfNotModified;
  return deletes ? Intent::kDelete : Intent::kUpsert;
}

}  // namespace

Status RunPump(const PumpParts& parts, const PumpOptions& options, std::vector<SplitWork> work,
               const ReaderPool::OnSplitRead& on_split_read, const std::function<void()>& on_tick) {
  ConcurrencyLimitOptions limit;
  limit.max = static_cast<uint32_t>(parts.lanes.groups.size());
  limit.start = std::min(limit.start, limit.max);
  ConcurrencyLimit concurrency(limit);
  const CallContext ctx{.stop = parts.stop.token()};
  ASSIGN_OR_RETURN(const std::unique_ptr<ThroughputControl> throughput,
                   ThroughputControl::Start(parts.destination, parts.clock, parts.lanes,
                                            options.throughput, ctx));
  const DeliveryParts delivery{.clock = parts.clock,
                               .batches = parts.batches,
                               .concurrency = concurrency,
                               .limiter = throughput->limiter(),
                               .charges = throughput->charges(),
                               .lease = parts.lease,
                               .rejected = parts.rejected,
                               .meter = parts.meter,
                               .stop = parts.stop};
  ASSIGN_OR_RETURN(const std::unique_ptr<LaneSet> lanes,
                   LaneSet::Open(parts.destination, parts.lanes, delivery,
                                 {.mode = options.mode,
                                  .settle = options.settle,
                                  .row_failing_max = options.row_failing_max,
                                  .stamp = options.stamp},
                                 ctx));
  lanes->Start();
  const ReaderParts reading{.snapshot = parts.snapshot,
                            .encoder = parts.encoder,
                            .intent = IntentOf(options.mode),
                            .memory = parts.memory,
                            .places = parts.places,
                            .reading = parts.reading,
                            .batches = parts.batches,
                            .lanes = *lanes,
                            .rejected = parts.rejected,
                            .meter = parts.meter,
                            .stop = parts.stop,
                            .clock = parts.clock};
  const ReaderPool readers(reading, std::move(work), options.readers, on_split_read);
  Supervise(parts, lanes->ended(), options.tick, on_tick);
  return parts.stop.cause();
}

}  // namespace spillway
