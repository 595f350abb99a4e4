#include "app/table_sample.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

namespace spillway {
namespace {

// Of a table that is read as a whole; bytes are compressed.
constexpr size_t kWholeSplitsMax = 64;
constexpr uint64_t kWholeBytesMax = 64 << 20;

struct Place {
  uint32_t split = 0;
  uint64_t skip_rows = 0;
  uint64_t rows_max = 0;
  uint64_t batches_max = 0;
};

// False when the place was left before its split ended.
Result<bool> Visit(const Snapshot& snapshot, const Place& place,
                   const std::function<Status(const Batch&)>& visit, const CallContext& ctx) {
  ASSIGN_OR_RETURN(const std::unique_ptr<SplitReader> reader,
                   snapshot.OpenSplit(place.split, place.skip_rows, ctx));
  uint64_t rows = 0;
  for (uint64_t batches = 0; rows < place.rows_max && batches < place.batches_max; ++batches) {
    ASSIGN_OR_RETURN(const std::optional<Batch> batch, reader->Next(ctx));
    if (!batch) return true;
    rows += static_cast<uint64_t>(batch->rows());
    RETURN_IF_ERROR(visit(*batch));
  }
  return false;
}

// Splits of a table that is about as small as a sample: all of each.
std::vector<Place> WholeSplits(const Snapshot& snapshot) {
  constexpr uint64_t kRows = kSamplePlacesMax * kSampleRowsPerPlace;
  uint64_t rows = 0;
  uint64_t bytes = 0;
  std::vector<Place> places;
  for (const Split& split : snapshot.splits()) {
    if (!split.rows.has_value() || places.size() >= kWholeSplitsMax) return {};
    rows += *split.rows;
    bytes += split.bytes;
    if (rows > kRows || bytes > kWholeBytesMax) return {};
    places.push_back({static_cast<uint32_t>(places.size()), 0, UINT64_MAX, UINT64_MAX});
  }
  return places;
}

std::vector<Place> SpreadPlaces(const Snapshot& snapshot) {
  const auto splits = static_cast<uint32_t>(snapshot.splits().size());
  std::vector<Place> places;
  for (uint32_t i = 0; i < kSamplePlacesMax; ++i) {
    Place place{.split = static_cast<uint32_t>(uint64_t{i} * splits / kSamplePlacesMax),
                .skip_rows = 0,
                .rows_max = kSampleRowsPerPlace,
                .batches_max = kSampleBatchesPerPlace};
    const bool again = !places.empty() && places.back().split == place.split;
    const uint64_t rows = snapshot.splits()[place.split].rows.value_or(0);
    // How far into its split: the fraction that the even step leaves over.
    place.skip_rows = rows * (uint64_t{i} * splits % kSamplePlacesMax) / kSamplePlacesMax;
    if (splits >= kSamplePlacesMax) place.skip_rows = 0;
    if (again && place.skip_rows < places.back().skip_rows + kSampleRowsPerPlace) continue;
    places.push_back(place);
  }
  return places;
}

}  // namespace

Result<SampleExtent> ReadSample(const Snapshot& snapshot,
                                const std::function<Status(const Batch&)>& visit,
                                const CallContext& ctx) {
  SampleExtent extent;
  if (snapshot.splits().empty()) return SampleExtent{.splits = 0, .whole = true};
  std::vector<Place> places = WholeSplits(snapshot);
  extent.whole = !places.empty();
  if (places.empty()) places = SpreadPlaces(snapshot);
  std::optional<uint32_t> last;
  for (const Place& place : places) {
    if (last != place.split) ++extent.splits;
    last = place.split;
    ASSIGN_OR_RETURN(const bool to_its_end, Visit(snapshot, place, visit, ctx));
    extent.whole = extent.whole && to_its_end;
  }
  return extent;
}

}  // namespace spillway
