// Follows a Delta table from a version to its latest one, and prints what that cost:
//
//   delta_changes_bench LOCATION [FROM_VERSION [IDLE_POLLS]]
//
// Two lines: versions, images, seconds, images/s, peak resident memory; then the idle polls behind
// the latest version, and the time of one.
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

#include "base/clock.h"
#include "sources/delta/delta_environment.h"
#include "sources/delta/delta_source.h"

namespace spillway {
namespace {

double Seconds(SteadyTime since) {
  return std::chrono::duration<double>(SystemClock().Now() - since).count();
}

long PeakMebibytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

Result<uint64_t> ReadImages(const VersionChanges& changes) {
  uint64_t images = 0;
  for (uint32_t split = 0; split < changes.splits().size(); ++split) {
    ASSIGN_OR_RETURN(auto reader, changes.OpenSplit(split, {}));
    while (true) {
      ASSIGN_OR_RETURN(const std::optional<ImageBatch> batch, reader->Next({}));
      if (!batch.has_value()) break;
      images += batch->images.size();
    }
  }
  return images;
}

Result<std::unique_ptr<ChangeLog>> Open(Source& source, int64_t from_version) {
  ChangesRequest request;
  SnapshotRequest start;
  start.at.version = from_version;
  ASSIGN_OR_RETURN(const auto snapshot, source.OpenSnapshot(start, {}));
  request.after = snapshot->position();
  return source.OpenChanges(request, {});
}

Status Follow(ChangeLog& log) {
  const SteadyTime begin = SystemClock().Now();
  uint64_t versions = 0;
  uint64_t images = 0;
  while (true) {
    ASSIGN_OR_RETURN(const auto changes, log.Next({}));
    if (changes == nullptr) break;
    ++versions;
    ASSIGN_OR_RETURN(const uint64_t more, ReadImages(*changes));
    images += more;
  }
  const double seconds = Seconds(begin);
  std::printf("%lu versions, %lu images, %.2f s, %.0f images/s, %ld MiB\n", versions, images,
              seconds, static_cast<double>(images) / seconds, PeakMebibytes());
  return Status::Ok();
}

Status Poll(ChangeLog& log, int polls) {
  const SteadyTime begin = SystemClock().Now();
  for (int i = 0; i < polls; ++i) RETURN_IF_ERROR(log.Next({}).status());
  std::printf("%d idle polls, %.1f us each\n", polls, Seconds(begin) / polls * 1e6);
  return Status::Ok();
}

Status Run(int argc, char** argv) {
  DeltaOptions options{.root = argv[1]};
  RETURN_IF_ERROR(AddStorageFromEnvironment(ProcessEnvironment(), options));
  ASSIGN_OR_RETURN(const auto source, MakeDeltaSource(std::move(options)));
  ASSIGN_OR_RETURN(const auto log, Open(*source, argc > 2 ? std::atoll(argv[2]) : 0));
  RETURN_IF_ERROR(Follow(*log));
  return Poll(*log, argc > 3 ? std::atoi(argv[3]) : 1000);
}

}  // namespace
}  // namespace spillway

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: delta_changes_bench LOCATION [FROM_VERSION [IDLE_POLLS]]\n");
    return 2;
  }
  const spillway::Status status = spillway::Run(argc, argv);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
