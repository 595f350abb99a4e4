// What the writers must know of the JSON of items: whether two are the same, how a patch is made of
// fields, and how fields are merged into an item.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_ITEM_JSON_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_ITEM_JSON_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace spillway::cosmosdb {

// Names that the service sets itself, at the top level of an item.
bool IsSystemProperty(std::string_view name);

// Equal as the service stores them (docs/contract.md, I1): system properties left out, order of
// members ignored, numbers compared as doubles, absent is not null. False also when one is no JSON
// object.
bool SameItem(std::string_view a, std::string_view b);

// Operations in one patch request (service limit).
inline constexpr size_t kPatchOperationsMax = 10;

// `set` operations for every field of `fields` but `id`, the partition key paths and system
// properties, as bodies of at most ten operations each. (A nested object that holds a partition key
// path is entered; any other value is set as a whole.) Setting is idempotent, so a patch of several
// bodies may be repeated. kInvalidArgument: no field is left, or the text is no JSON object.
Result<std::vector<std::string>> PatchBodies(std::string_view fields,
                                             std::span<const std::string> partition_key_paths);

// `item` with the members of `fields` set: objects are merged member by member, everything else is
// replaced. System properties of `item` are left out. kDataLoss: one of the two is no JSON object.
Result<std::string> MergeItem(std::string_view item, std::string_view fields);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_ITEM_JSON_H_
