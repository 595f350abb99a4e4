#include "engine/progress_meter.h"

namespace spillway {

ProgressMeter::ProgressMeter(const RunMeter& meter, const Clock& clock, const TableInfo& table,
                             std::span<const Split> splits, uint32_t readers)
    : meter_(meter), clock_(clock), readers_(readers), started_(clock.Now()), judged_(started_) {
  report_.version = table.version;
  report_.rows_total = table.rows;
  report_.splits_total = static_cast<uint32_t>(splits.size());
  for (const Split& split : splits) report_.bytes_total += split.bytes;
}

LoadProgressReport ProgressMeter::Report(const Acknowledger& acknowledger) {
  const SteadyTime now = clock_.Now();
  report_.bytes_read = meter_.bytes_read;
  report_.splits_done = acknowledger.splits_done();
  report_.counts = acknowledger.counts();
  report_.run_counts = acknowledger.run_counts();
  report_.rows_ahead = RowsAhead(acknowledger.AllComplete());
  report_.cost = meter_.cost;
  report_.requests = meter_.requests;
  report_.throttled_requests = meter_.throttled_requests;
  report_.bytes_sent = meter_.bytes_sent;
  report_.throughput = meter_.usage.Picture(now);
  report_.elapsed = now - started_;
  report_.limited_by = Judge(now);
  return report_;
}

// The meter counts each row first, and again when a winner among duplicates is written once more.
uint64_t ProgressMeter::RowsAhead(bool all_counted) const {
  const uint64_t settled = meter_.rows_settled;
  const uint64_t counted = report_.run_counts.settled();
  return all_counted || settled < counted ? 0 : settled - counted;
}

// Throttled when the lanes waited for the destination's leave longer than they wrote; else by whom
// the readers were held for at least half of their time.
BindingLimit ProgressMeter::Judge(SteadyTime now) {
  const int64_t held_ns = meter_.readers_held_ns - held_ns_;
  const int64_t writing_ns = meter_.lanes_writing_ns - writing_ns_;
  const int64_t throttled_ns = meter_.lanes_throttled_ns - throttled_ns_;
  const int64_t passed_ns = (now - judged_).count();
  held_ns_ += held_ns;
  writing_ns_ += writing_ns;
  throttled_ns_ += throttled_ns;
  judged_ = now;
  if (meter_.requests == 0) return BindingLimit::kStarting;
  if (throttled_ns > writing_ns) return BindingLimit::kThrottled;
  return held_ns * 2 > passed_ns * readers_ ? BindingLimit::kDestination : BindingLimit::kSource;
}

}  // namespace spillway
