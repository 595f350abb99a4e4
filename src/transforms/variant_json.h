// A Variant's binary encoding as JSON. Source: Apache Parquet, "Variant Binary Encoding"
// (parquet-format, VariantEncoding.md), version 1 of the metadata.
#ifndef SPILLWAY_TRANSFORMS_VARIANT_JSON_H_
#define SPILLWAY_TRANSFORMS_VARIANT_JSON_H_

#include <string_view>

#include "json/json_buffer.h"
#include "transforms/scalar_writer.h"
#include "transforms/value_plan.h"

namespace spillway {

// Appends the value by the policies of `plan`. Its nulls are kept, whatever the policy: inside a
// variant null is a value. Binary is base64, a UUID its text, a time of day "HH:MM:SS.ffffff".
// Returns false when the row must be refused: "invalid_variant", "too_deep" (more than
// plan.depth_left levels), "map_key_duplicate", or what ScalarWriter refuses.
bool AppendVariant(std::string_view metadata, std::string_view value, const ValuePlan& plan,
                   ScalarWriter* scalars, JsonBuffer* out);

}  // namespace spillway

#endif  // SPILLWAY_TRANSFORMS_VARIANT_JSON_H_
