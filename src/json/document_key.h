// The key of a document: its identity hash, and the one text form of its partition key, whichever
// side wrote it.
#ifndef SPILLWAY_JSON_DOCUMENT_KEY_H_
#define SPILLWAY_JSON_DOCUMENT_KEY_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"

namespace spillway {

// Stands between partition key and id where they are hashed together; never part of the first,
// which is JSON text.
inline constexpr char kKeySeparator = '\x1f';

// What Document::identity holds: equal keys, equal hash. `partition_key` as
// Document::partition_key.
Hash128 DocumentIdentity(std::string_view partition_key, std::string_view id);

// The partition key as an encoder for a store of doubles writes it: numbers as ECMAScript prints
// them, strings with the fewest escapes, no spaces, {} for an absent value. Fails with kDataLoss
// when it is not a JSON array of scalars and empty objects.
Result<std::string> CanonicalPartitionKey(std::string_view json_array);

// The same from a document: the values at `paths` ("/tenant/id"), {} where there is none. Objects
// and arrays as values fail with kDataLoss.
Result<std::string> PartitionKeyOf(std::string_view json_document,
                                   std::span<const std::string> paths);

// The names of a partition key path: "/a/b" is a, b; "/\"a/b\"/c" is a/b, c. Fails with
// kInvalidArgument.
Result<std::vector<std::string>> ParsePartitionKeyPath(std::string_view path);

}  // namespace spillway

#endif  // SPILLWAY_JSON_DOCUMENT_KEY_H_
