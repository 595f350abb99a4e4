#include "destinations/cosmosdb/cosmos_partitioning.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/human.h"
#include "destinations/cosmosdb/cosmos_capacity.h"
#include "destinations/cosmosdb/cosmos_cost.h"
#include "destinations/cosmosdb/partition_hash.h"
#include "destinations/cosmosdb/partition_key.h"

namespace spillway::cosmosdb {
namespace {

constexpr uint64_t kLogicalPartitionBytesMax = 20'000'000'000;
// Ranges split in halves: twice over.
constexpr uint32_t kHalvings = 2;

class CosmosLayout final : public PartitionLayout {
 public:
  CosmosLayout(HashKind hash, uint32_t ranges, std::vector<uint32_t> range_of_part,
               RangeMapPointer parts)
      : PartitionLayout(ranges, std::move(range_of_part)), hash_(hash), parts_(std::move(parts)) {}

  Result<uint32_t> FindPart(std::string_view partition_key) const override {
    thread_local std::string epk;
    RETURN_IF_ERROR(EpkOfText(hash_, partition_key, &epk));
    return static_cast<uint32_t>(parts_->Find(epk));
  }

 private:
  const HashKind hash_;
  const RangeMapPointer parts_;
};

// Every range halved, as a split of it does; one that cannot be (it holds a single first level of a
// hierarchical key) stays whole.
Result<std::shared_ptr<const PartitionLayout>> MakeLayout(HashKind hash,
                                                          const PartitionKeyRangeMap& ranges) {
  std::vector<PartitionKeyRange> parts;
  std::vector<uint32_t> range_of_part;
  for (size_t range = 0; range < ranges.size(); ++range) {
    std::vector<std::string> bounds = {ranges[range].min, ranges[range].max};
    for (uint32_t halving = 0; halving < kHalvings; ++halving) {
      std::vector<std::string> finer = {bounds.front()};
      for (size_t i = 1; i < bounds.size(); ++i) {
        auto middle = EpkMidpoint(hash, bounds[i - 1], bounds[i]);
        if (middle.has_value()) finer.push_back(*std::move(middle));
        finer.push_back(bounds[i]);
      }
      bounds = std::move(finer);
    }
    for (size_t i = 1; i < bounds.size(); ++i) {
      parts.push_back({std::to_string(parts.size()), bounds[i - 1], bounds[i], {}});
      range_of_part.push_back(static_cast<uint32_t>(range));
    }
  }
  RangeMapPointer map = PartitionKeyRangeMap::Combine(parts);
  if (map == nullptr) return Unavailable("the container's ranges do not cover the key space");
  return std::shared_ptr<const PartitionLayout>(std::make_shared<CosmosLayout>(
      hash, static_cast<uint32_t>(ranges.size()), std::move(range_of_part), std::move(map)));
}

RangeMapPointer EvenRanges(HashKind hash, uint32_t count) {
  std::vector<std::string> bounds = EvenEpkBounds(hash, count);
  bounds.emplace_back(kEpkMax);
  std::vector<PartitionKeyRange> ranges;
  std::string min(kEpkMin);
  for (std::string& max : bounds) {
    ranges.push_back({std::to_string(ranges.size()), min, max, {}});
    min = std::move(max);
  }
  return PartitionKeyRangeMap::Combine(ranges);
}

ContainerCapacity ContainerOf(const CosmosOptions& options,
                              const std::optional<PresentContainer>& present, uint32_t ranges) {
  ContainerCapacity container{.name = options.container, .is_there = present.has_value()};
  container.ranges = ranges;
  if (present && present->offer) {
    const OfferInfo& offer = *present->offer;
    container.shared = present->offer_is_shared;
    container.throughput.autoscale_max = offer.autoscale_max;
    if (!offer.autoscale_max) container.throughput.manual = offer.throughput;
  } else if (!present && options.create) {
    container.throughput = options.create->throughput;
  }
  return container;
}

class CosmosPartitioning final : public Partitioning {
 public:
  CosmosPartitioning(Facts facts, const CosmosOptions& options,
                     std::optional<PresentContainer> present)
      : Partitioning(std::move(facts)),
        indexed_(present ? present->info.indexed
                         : !options.create || options.create->indexing != Indexing::kNone),
        old_hash_(options.partition_key_v1),
        container_(ContainerOf(options, present, this->facts().ranges)),
        present_(std::move(present)) {}

  double UnitsOf(WriteKind kind, double document_bytes, double fields) const override {
    const double insert = InsertUnits(document_bytes, indexed_ ? fields : 0);
    return kind == WriteKind::kInsert ? insert : kExistingFactor * insert;
  }

  CapacityAdvice AdviseCapacity(const CapacityQuestion& question) const override {
    return AdviseCosmosCapacity(container_, question);
  }

  Result<std::shared_ptr<const PartitionLayout>> LayoutFor(
      std::span<const std::string> paths) const override {
    if (paths.empty() || paths.size() > kPartitionKeyLevelsMax) {
      return InvalidArgument("a partition key has one to three levels");
    }
    if (present_ && std::equal(paths.begin(), paths.end(), present_->info.partition_key.begin(),
                               present_->info.partition_key.end())) {
      return MakeLayout(present_->info.hash, *present_->ranges);
    }
    const HashKind single = old_hash_ ? HashKind::kV1 : HashKind::kV2;
    const HashKind hash = paths.size() > 1 ? HashKind::kMultiHash : single;
    return MakeLayout(hash, *EvenRanges(hash, facts().ranges));
  }

 private:
  const bool indexed_;
  const bool old_hash_;
  const ContainerCapacity container_;
  const std::optional<PresentContainer> present_;
};

// What the number of units a second is, for people.
std::string DescribeUnits(const CosmosOptions& options,
                          const std::optional<PresentContainer>& present) {
  const ContainerCapacity container = ContainerOf(options, present, 1);
  const std::string whose = container.shared
                                ? "shared by the containers of database " + options.database
                            : present ? "of container " + options.container
                                      : "that container " + options.container + " will get";
  if (container.throughput.autoscale_max) return "autoscale, " + whose;
  if (container.throughput.manual) return "manual, " + whose;
  if (present && present->offer_hidden) return "the throughput may not be read";
  return present ? "serverless, or a throughput that is not said"
                 : "the configuration asks for none: of the database, or serverless";
}

void DescribePresent(const CosmosOptions& options, const PresentContainer& present,
                     double documents_bytes, Partitioning::Facts& facts) {
  facts.is_there = true;
  facts.ranges = static_cast<uint32_t>(present.ranges->size());
  facts.present_key = present.info.partition_key;
  facts.ranges_basis = "of container " + options.container + " as it is";
  if (const double needed = RangesOfBytes(documents_bytes); needed > facts.ranges) {
    facts.ranges_basis += "; it will be split, for these documents need " +
                          HumanPlural(static_cast<uint64_t>(needed), "range");
  }
  if (!present.offer) return;
  facts.units_per_second = present.offer->autoscale_max.value_or(present.offer->throughput);
}

void DescribeNew(const CosmosOptions& options, double documents_bytes, Partitioning::Facts& facts) {
  double per_range = kManualUnitsPerRange;
  if (options.create) {
    const Throughput& throughput = options.create->throughput;
    if (throughput.manual) facts.units_per_second = *throughput.manual;
    if (throughput.autoscale_max) facts.units_per_second = *throughput.autoscale_max;
    per_range = throughput.autoscale_max ? kAutoscaleUnitsPerRange : kManualUnitsPerRange;
  }
  const double of_units = std::ceil(facts.units_per_second.value_or(0) / per_range);
  const double of_bytes = RangesOfBytes(documents_bytes);
  const double ranges = std::max(of_units, of_bytes);
  facts.ranges = static_cast<uint32_t>(std::min(ranges, kRangesMax + 1.0));
  facts.ranges_basis = "container " + options.container + " is not there: ";
  if (facts.units_per_second) {
    facts.ranges_basis += HumanNumber(*facts.units_per_second) + " RU/s ask for " +
                          HumanPlural(static_cast<uint64_t>(of_units), "range") + ", ";
  }
  facts.ranges_basis +=
      "its documents for " + HumanPlural(static_cast<uint64_t>(of_bytes), "range");
}

}  // namespace

Result<std::unique_ptr<Partitioning>> MakeCosmosPartitioning(
    const CosmosOptions& options, const std::optional<PresentContainer>& present,
    double documents_bytes) {
  Partitioning::Facts facts;
  facts.key_levels_max = kPartitionKeyLevelsMax;
  facts.partition_bytes_max = kLogicalPartitionBytesMax;
  facts.growth = 1u << kHalvings;
  if (present) {
    DescribePresent(options, *present, documents_bytes, facts);
  } else {
    DescribeNew(options, documents_bytes, facts);
  }
  facts.units_basis = DescribeUnits(options, present);
  if (facts.ranges > kRangesMax) {
    return Unsupported("container " + options.container + " would have more than " +
                       std::to_string(kRangesMax) + " ranges: too many to predict their shares")
        .WithHint("ask with less throughput, or with a filter on the source");
  }
  return std::unique_ptr<Partitioning>(
      std::make_unique<CosmosPartitioning>(std::move(facts), options, present));
}

}  // namespace spillway::cosmosdb
