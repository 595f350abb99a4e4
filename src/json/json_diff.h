// JsonDiff: where two JSON documents differ, by the rules of CanonicalHash.
#ifndef SPILLWAY_JSON_JSON_DIFF_H_
#define SPILLWAY_JSON_JSON_DIFF_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace spillway {

// The paths of the values that differ, at most `paths_max`: "pricing.unit", "tags[2]"; an array
// whose length differs is named by its own path. Empty: the documents are equal. Fails with
// kDataLoss when one of them is not a JSON object.
Result<std::vector<std::string>> JsonDiff(std::string_view left, std::string_view right,
                                          std::span<const std::string> ignored_top_level,
                                          size_t paths_max);

}  // namespace spillway

#endif  // SPILLWAY_JSON_JSON_DIFF_H_
