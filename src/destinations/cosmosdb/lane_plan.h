// How lanes divide the key space of a container: each lane stays inside one partition key range
// where there are lanes enough, so that what throttles one lane throttles its group and nobody
// else.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_LANE_PLAN_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_LANE_PLAN_H_

#include "connector/destination.h"
#include "destinations/cosmosdb/partition_hash.h"
#include "destinations/cosmosdb/partition_key_ranges.h"

namespace spillway::cosmosdb {

// REQUIRES: lanes_max >= 1. Groups are the ordinals of the ranges. A lane over several ranges has a
// section for each.
LanePlan PlanLanesOver(const PartitionKeyRangeMap& ranges, HashKind hash, uint32_t lanes_max);

// By group of the plan: the part of the container's throughput that its lanes can get, now that
// these are the ranges: each has as much as any other. Together 1.
std::vector<double> PartsOfGroups(const PartitionKeyRangeMap& ranges, const LanePlan& plan);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_LANE_PLAN_H_
