// CanonicalHash: one number for what a JSON document says, whoever wrote it: keys in any order,
// numbers compared as doubles, an absent field differs from null, arrays keep their order (design
// I1).
#ifndef SPILLWAY_JSON_CANONICAL_HASH_H_
#define SPILLWAY_JSON_CANONICAL_HASH_H_

#include <span>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"

namespace spillway {

// Thread-safe. `ignored_top_level`: names of fields of the document itself that do not count.
// Fails with kDataLoss when `json` is not one JSON object. Good within one program: not to be
// stored.
Result<Hash128> CanonicalHash(std::string_view json,
                              std::span<const std::string> ignored_top_level);

// The same, by a hash that stays what it is: slower.
Result<Hash128> DurableCanonicalHash(std::string_view json,
                                     std::span<const std::string> ignored_top_level);

}  // namespace spillway

#endif  // SPILLWAY_JSON_CANONICAL_HASH_H_
