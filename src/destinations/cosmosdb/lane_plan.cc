#include "destinations/cosmosdb/lane_plan.h"

#include <algorithm>
#include <bit>
#include <string>

#include "base/check.h"
#include "destinations/cosmosdb/partition_key.h"

namespace spillway::cosmosdb {
namespace {

// A physical partition admits 10,000 RU/s (service limits), some 1,500 documents; a few
// requests of 100 at a time keep it busy at any latency. More lanes would only have more documents
// begun and none finished, which holds checkpoints back.
constexpr uint32_t kLanesPerRangeMax = 4;

using Uint128 = unsigned __int128;

// Version 2 hashes have their top two bits cleared.
constexpr Uint128 kSpaceV2 = Uint128{1} << 126;

Uint128 ToNumber(Hash128 route) {
  return Uint128{route.high} << 64 | route.low;
}
Hash128 ToRoute(Uint128 number) {
  return {static_cast<uint64_t>(number >> 64), static_cast<uint64_t>(number)};
}

// Lower bounds that divide [min, max) into `parts` of equal width. The first is min itself.
std::vector<Hash128> DivideLinearly(const PartitionKeyRange& range, uint32_t parts) {
  const Uint128 low = ToNumber(RouteOfEpk(range.min));
  const bool to_the_end = CompareEpk(range.max, kEpkMax) == 0;
  const Uint128 high = to_the_end ? kSpaceV2 : ToNumber(RouteOfEpk(range.max));
  std::vector<Hash128> bounds;
  for (uint32_t i = 0; i < parts; ++i) {
    bounds.push_back(ToRoute(low + (high > low ? (high - low) / parts * i : 0)));
  }
  return bounds;
}

// Version 1 keys begin with a number in a code whose order is right and whose width is not: halves
// are found by the hash's own rule, so the number of parts is a power of two.
std::vector<Hash128> DivideByHalves(const PartitionKeyRange& range, uint32_t parts) {
  std::vector<std::string> bounds = {range.min, range.max};
  while ((bounds.size() - 1) * 2 <= parts) {
    std::vector<std::string> finer = {bounds.front()};
    for (size_t i = 1; i < bounds.size(); ++i) {
      const auto middle = EpkMidpoint(HashKind::kV1, bounds[i - 1], bounds[i]);
      if (middle.has_value()) finer.push_back(*middle);
      finer.push_back(bounds[i]);
    }
    if (finer.size() == bounds.size()) break;
    bounds = std::move(finer);
  }
  std::vector<Hash128> routes;
  for (size_t i = 0; i + 1 < bounds.size(); ++i) routes.push_back(RouteOfEpk(bounds[i]));
  return routes;
}

}  // namespace

LanePlan PlanLanesOver(const PartitionKeyRangeMap& ranges, HashKind hash, uint32_t lanes_max) {
  SPILLWAY_CHECK(lanes_max >= 1);
  const auto count = static_cast<uint32_t>(ranges.size());
  LanePlan plan;
  const auto add = [&plan](Hash128 bound, uint32_t group) {
    // Two ranges of one first-level key share their first 16 bytes, and then a lane.
    if (!plan.lower_bounds.empty() && bound <= plan.lower_bounds.back()) return;
    plan.lower_bounds.push_back(bound);
    plan.groups.push_back(group);
  };
  if (lanes_max <= count) {
    for (uint32_t lane = 0; lane < lanes_max; ++lane) {
      const auto first = static_cast<uint32_t>(uint64_t{count} * lane / lanes_max);
      add(RouteOfEpk(ranges[first].min), first);
    }
    for (uint32_t i = 0; i < count; ++i) {
      const Hash128 bound = RouteOfEpk(ranges[i].min);
      const bool is_new = plan.section_bounds.empty() || plan.section_bounds.back() < bound;
      if (is_new) plan.section_bounds.push_back(bound);
    }
    return plan;
  }
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t share = lanes_max / count + (i < lanes_max % count ? 1 : 0);
    const uint32_t parts = std::min(share, kLanesPerRangeMax);
    const std::vector<Hash128> bounds =
        hash == HashKind::kV1 ? DivideByHalves(ranges[i], parts) : DivideLinearly(ranges[i], parts);
    for (const Hash128& bound : bounds) add(bound, i);
  }
  return plan;
}

// A range that lies in several groups is theirs in equal parts.
std::vector<double> PartsOfGroups(const PartitionKeyRangeMap& ranges, const LanePlan& plan) {
  std::vector<double> parts;
  for (size_t i = 0; i < ranges.size(); ++i) {
    const Hash128 low = RouteOfEpk(ranges[i].min);
    const bool to_the_end = CompareEpk(ranges[i].max, kEpkMax) == 0;
    const Hash128 high = RouteOfEpk(ranges[i].max);
    std::vector<uint32_t> groups;
    for (size_t lane = 0; lane < plan.lower_bounds.size(); ++lane) {
      const bool ends_before =
          lane + 1 < plan.lower_bounds.size() && plan.lower_bounds[lane + 1] <= low;
      if (ends_before || (!to_the_end && high <= plan.lower_bounds[lane])) continue;
      if (groups.empty() || groups.back() != plan.groups[lane]) groups.push_back(plan.groups[lane]);
    }
    for (const uint32_t group : groups) {
      parts.resize(std::max<size_t>(parts.size(), group + 1), 0);
      parts[group] += 1.0 / static_cast<double>(ranges.size() * groups.size());
    }
  }
  return parts;
}

}  // namespace spillway::cosmosdb
