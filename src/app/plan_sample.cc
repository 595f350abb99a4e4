#include "app/plan_sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "app/table_sample.h"
#include "json/member_count.h"

namespace spillway {
namespace {

constexpr size_t kReasonsMax = 5;

class Sampler {
 public:
  Sampler(const Snapshot& snapshot, const DocumentEncoder& encoder)
      : snapshot_(snapshot), encoder_(encoder) {}

  Result<PlanSample> Take(const CallContext& ctx) {
    const auto visit = [&](const Batch& batch) -> Status {
      ASSIGN_OR_RETURN(const std::shared_ptr<EncodedBatch> encoded,
                       encoder_.Encode(batch, Intent::kUpsert));
      Add(*encoded);
      return Status::Ok();
    };
    ASSIGN_OR_RETURN(const SampleExtent extent, ReadSample(snapshot_, visit, ctx));
    sample_.splits = extent.splits;
    sample_.whole = extent.whole;
    Summarise();
    return std::move(sample_);
  }

 private:
  void Add(const EncodedBatch& encoded) {
    sample_.rows += encoded.rows_read;
    sample_.documents += encoded.documents.size();
    sample_.filtered += encoded.rows_filtered;
    sample_.rejected += encoded.rejected.size();
    for (const Document& document : encoded.documents) AddDocument(document);
    for (const RejectedRow& row : encoded.rejected) AddReason(row);
  }

  void AddDocument(const Document& document) {
    sample_.sizes.push_back(
        {static_cast<uint32_t>(document.body.size()), CountMembers(document.body)});
    sample_.keys.emplace_back(document.partition_key);
    Keep(document);
  }

  // Every document has the same chance to be among those that are kept (reservoir sampling).
  void Keep(const Document& document) {
    const uint64_t seen = sample_.sizes.size();
    size_t place = sample_.kept.size();
    if (place >= kept_max_) place = random_() % seen;
    if (place >= kept_max_) return;
    if (place == sample_.kept.size()) sample_.kept.emplace_back();
    KeptDocument& kept = sample_.kept[place];
    kept_bytes_ -= kept.body.size();
    kept_bytes_ += document.body.size();
    kept = {std::string(document.body), std::string(document.id),
            std::string(document.partition_key), document.identity};
    // Large documents: fewer of them; which go has nothing to do with their sizes.
    while (kept_bytes_ > kKeptBytesMax && sample_.kept.size() > 1) {
      kept_bytes_ -= sample_.kept.back().body.size();
      sample_.kept.pop_back();
      kept_max_ = sample_.kept.size();
    }
  }

  void AddReason(const RejectedRow& row) {
    std::vector<std::string>& reasons = sample_.rejected_reasons;
    const std::string prefix = row.reason + ": ";
    const bool known = std::any_of(reasons.begin(), reasons.end(), [&](const std::string& reason) {
      return reason.starts_with(prefix);
    });
    if (known || reasons.size() >= kReasonsMax) return;
    reasons.push_back(fmt::format("{}{} {}", prefix, row.key, row.message));
  }

  void Summarise() {
    std::vector<double> bytes;
    double fields = 0;
    for (const SampledSize& size : sample_.sizes) {
      bytes.push_back(size.bytes);
      sample_.bytes_mean += size.bytes;
      fields += size.fields;
    }
    if (bytes.empty()) return;
    sample_.bytes_mean /= static_cast<double>(bytes.size());
    sample_.fields_mean = fields / static_cast<double>(bytes.size());
    if (!sample_.whole) sample_.bytes_error = ErrorOfMean(bytes);
  }

  const Snapshot& snapshot_;
  const DocumentEncoder& encoder_;
  PlanSample sample_;
  std::minstd_rand random_;  // the same rows every time
  size_t kept_max_ = kKeptDocumentsMax;
  uint64_t kept_bytes_ = 0;
};

}  // namespace

Result<PlanSample> TakeSample(const Snapshot& snapshot, const DocumentEncoder& encoder,
                              const CallContext& ctx) {
  return Sampler(snapshot, encoder).Take(ctx);
}

double ErrorOfMean(std::span<const double> numbers) {
  const auto count = static_cast<double>(numbers.size());
  if (numbers.size() < 2) return 0;
  double sum = 0;
  for (const double number : numbers) sum += number;
  const double mean = sum / count;
  double squares = 0;
  for (const double number : numbers) squares += (number - mean) * (number - mean);
  return mean <= 0 ? 0 : 1.96 * std::sqrt(squares / (count - 1) / count) / mean;
}

// Of the spread between ranges, a sample of n documents alone makes (1 - 1/ranges) / ranges / n,
// and so do the documents of the table themselves, of which there are more.
double HottestShare(std::span<const std::pair<uint32_t, double>> sample, uint32_t ranges,
                    bool whole, double documents) {
  const double even = 1.0 / ranges;
  std::vector<double> shares(ranges, 0.0);
  double total = 0;
  for (const auto& [range, units] : sample) {
    shares[range] += units;
    total += units;
  }
  if (total <= 0) return even;
  double spread = 0;
  for (double& share : shares) {
    share /= total;
    spread += (share - even) * (share - even) / ranges;
  }
  const double hottest = *std::max_element(shares.begin(), shares.end());
  if (whole || spread <= 0) return hottest;
  const double by_chance = even * (1 - even);
  const double of_sample = by_chance / static_cast<double>(sample.size());
  const double of_table = by_chance / std::max(1.0, documents);
  const double real = std::max(0.0, spread - of_sample) + of_table;
  return even + (hottest - even) * std::sqrt(std::min(1.0, real / spread));
}

// The largest of `ranges` numbers that are normally distributed is, on average, about where that
// part of them lies below (Blom); the quantile is Tukey's approximation.
double HottestShareByChance(uint32_t ranges, double writes) {
  const double even = 1.0 / ranges;
  if (ranges < 2 || writes < 1) return even;
  const double below = (ranges - 0.375) / (ranges + 0.25);
  const double deviations = 4.91 * (std::pow(below, 0.14) - std::pow(1 - below, 0.14));
  return std::min(1.0, even + deviations * std::sqrt(even * (1 - even) / writes));
}

}  // namespace spillway
