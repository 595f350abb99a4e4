#include "engine/pump.h"

#include <utility>

#include "engine/load_plan.h"
#include "engine/mode_intent.h"

namespace spillway {
namespace {

constexpr uint64_t kBatchesOpenMax = 4'096;  // between reading and the checkpoint

}  // namespace

// Of the reserve several batches: with one at a time the quick lanes wait for each other. The rest
// is what is being encoded, requests under way, what the allocator keeps and, at the end, the
// search for duplicates.
PumpBudgets::PumpBudgets(uint64_t memory_bytes_max)
    : memory(memory_bytes_max / 8),
      reserve(memory_bytes_max / 8),
      places(kBatchesOpenMax),
      reading(ReadingBytesMax(memory_bytes_max)) {}

Status RunPump(const PumpParts& parts, const PumpOptions& options, std::vector<SplitWork> work,
               const ReaderPool::OnSplitRead& on_split_read, const std::function<void()>& on_tick) {
  const auto lanes_planned = static_cast<uint32_t>(parts.lanes.groups.size());
  ConcurrencyLimit concurrency(LimitOfLanes(lanes_planned));
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
  Overflow overflow(options.overflow_path, lanes_planned, parts.batches);
  ASSIGN_OR_RETURN(const std::unique_ptr<LaneSet> lanes,
                   LaneSet::Open(parts.destination, parts.lanes, delivery,
                                 {.mode = options.mode,
                                  .settle = options.settle,
                                  .row_failing_max = options.row_failing_max,
                                  .stamp = options.stamp,
                                  .memory = {&parts.budgets.memory, &overflow}},
                                 ctx));
  lanes->Start();
  const ReaderParts reading{.snapshot = parts.snapshot,
                            .encoder = parts.encoder,
                            .intent = IntentOf(options.mode),
                            .memory = parts.budgets.memory,
                            .places = parts.budgets.places,
                            .reading = parts.budgets.reading,
                            .batches = parts.batches,
                            .lanes = *lanes,
                            .overflow = &overflow,
                            .reserve = &parts.budgets.reserve,
                            .rejected = parts.rejected,
                            .meter = parts.meter,
                            .stop = parts.stop,
                            .clock = parts.clock};
  const ReaderPool readers(reading, std::move(work), options.readers, on_split_read);
  WaitForLanes(*lanes, parts.stop, parts.clock, options.tick, on_tick);
  return parts.stop.cause();
}

}  // namespace spillway
