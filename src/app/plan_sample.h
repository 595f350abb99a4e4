// PlanSample: real rows of a table as the documents that they would become: how large, where they
// would lie, and some of them whole, to try writes with. The error of what is concluded from it is
// part of it.
#ifndef SPILLWAY_APP_PLAN_SAMPLE_H_
#define SPILLWAY_APP_PLAN_SAMPLE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "app/pipeline.h"
#include "transforms/document_encoder.h"

namespace spillway {

// Documents kept whole, at most: evenly chosen from all of the sample.
inline constexpr uint32_t kKeptDocumentsMax = 200;
inline constexpr uint64_t kKeptBytesMax = 8 << 20;

// What a document costs depends on these.
struct SampledSize {
  uint32_t bytes = 0;
  uint32_t fields = 0;  // at the top
};

// A document with its own buffers.
struct KeptDocument {
  std::string body;
  std::string id;
  std::string partition_key;
  Hash128 identity;
};

struct PlanSample {
  uint32_t splits = 0;
  bool whole = false;  // of the table: nothing is concluded, all is known
  uint64_t rows = 0;
  uint64_t documents = 0;
  uint64_t filtered = 0;
  uint64_t rejected = 0;
  double bytes_mean = 0;   // per document
  double bytes_error = 0;  // half of the 95 % interval of the mean, as a share of it
  double fields_mean = 0;
  std::vector<std::string> rejected_reasons;  // distinct, at most 5, with the first message of each
  std::vector<SampledSize> sizes;             // of each document
  std::vector<std::string> keys;              // their partition keys
  std::vector<KeptDocument> kept;
};

Result<PlanSample> TakeSample(const Snapshot& snapshot, const DocumentEncoder& encoder,
                              const CallContext& ctx);

// Half of the 95 % interval of the mean of so many numbers, as a share of it; 0 for fewer than two.
double ErrorOfMean(std::span<const double> numbers);

// The part of a load that the fullest range gets, from a sample of (range, units): what is only the
// sample's own chance is taken out. 1 / ranges: even. REQUIRES: ranges > 0.
double HottestShare(std::span<const std::pair<uint32_t, double>> sample, uint32_t ranges,
                    bool whole, double documents);

// The part of so many writes of about equal cost that the fullest range gets when their keys are
// spread by chance alone: somewhat above 1 / ranges. REQUIRES: ranges > 0.
double HottestShareByChance(uint32_t ranges, double writes);

}  // namespace spillway

#endif  // SPILLWAY_APP_PLAN_SAMPLE_H_
