// Reads a whole Delta table and prints what that cost:
//
//   delta_scan_bench LOCATION [BATCH_BYTES_TARGET [READERS]]
//
// One line: rows, batches, seconds, rows/s, CPU µs per row, peak resident memory.
#include <sys/resource.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "sources/delta/delta_environment.h"
#include "sources/delta/delta_source.h"

namespace spillway {
namespace {

struct Totals {
  std::atomic<uint32_t> next_split{0};
  std::atomic<uint64_t> rows{0};
  std::atomic<uint64_t> batches{0};
  std::atomic<bool> failed{false};
};

Status ReadSplit(const Snapshot& snapshot, uint32_t index, Totals& totals) {
  ASSIGN_OR_RETURN(auto reader, snapshot.OpenSplit(index, 0, {}));
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<Batch> batch, reader->Next({}));
    if (!batch.has_value()) return Status::Ok();
    totals.rows += static_cast<uint64_t>(batch->rows());
    ++totals.batches;
  }
}

void ReadSplits(const Snapshot& snapshot, Totals& totals) {
  while (!totals.failed) {
    const uint32_t index = totals.next_split++;
    if (index >= snapshot.splits().size()) return;
    const Status status = ReadSplit(snapshot, index, totals);
    if (status.ok()) continue;
    totals.failed = true;
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
  }
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + time.tv_usec / 1e6;
}

void Print(const Totals& totals, double seconds) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const double rows = static_cast<double>(totals.rows);
  const double cpu = Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
  std::printf("%.0f rows in %llu batches, %.3f s, %.0f rows/s, %.3f CPU us/row, peak %ld MiB\n",
              rows, static_cast<unsigned long long>(totals.batches), seconds, rows / seconds,
              cpu / rows * 1e6, usage.ru_maxrss / 1024);
}

int Run(const char* location, uint64_t batch_bytes_target, unsigned readers) {
  const SteadyTime start = SystemClock().Now();
  DeltaOptions options{.root = location};
  const Status added = AddStorageFromEnvironment(ProcessEnvironment(), options);
  if (!added.ok()) return std::fprintf(stderr, "%s\n", added.ToString().c_str()), 1;
  const auto source = MakeDeltaSource(std::move(options));
  if (!source.ok()) return std::fprintf(stderr, "%s\n", source.status().ToString().c_str()), 1;
  SnapshotRequest request;
  request.batch_bytes_target = batch_bytes_target;
  const auto snapshot = (*source)->OpenSnapshot(request, {});
  if (!snapshot.ok()) return std::fprintf(stderr, "%s\n", snapshot.status().ToString().c_str()), 1;
  Totals totals;
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < readers; ++i) {
      threads.emplace_back([&] { ReadSplits(**snapshot, totals); });
    }
  }
  Print(totals, std::chrono::duration<double>(SystemClock().Now() - start).count());
  return totals.failed ? 1 : 0;
}

}  // namespace
}  // namespace spillway

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: delta_scan_bench LOCATION [BATCH_BYTES_TARGET [READERS]]\n");
    return 2;
  }
  const uint64_t bytes = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 4 << 20;
  const unsigned readers = argc > 3 ? static_cast<unsigned>(std::atoi(argv[3])) : 1;
  return spillway::Run(argv[1], bytes, readers);
}
