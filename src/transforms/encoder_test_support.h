// Shared by the encoder's tests: encodes a few columns and gives back bodies and refusals as text.
#ifndef SPILLWAY_TRANSFORMS_ENCODER_TEST_SUPPORT_H_
#define SPILLWAY_TRANSFORMS_ENCODER_TEST_SUPPORT_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "columns/array_builder.h"
#include "transforms/document_encoder.h"

namespace spillway {

// A destination that keeps numbers as doubles and has limits, small enough for tests.
inline Capabilities DoubleStore() {
  Capabilities capabilities;
  capabilities.keeps_numbers_exactly = false;
  capabilities.limits.document_bytes_max = 1000;
  capabilities.limits.id_bytes_max = 20;
  capabilities.limits.partition_key_bytes_max = 10;
  capabilities.limits.depth_max = 4;
  capabilities.limits.id_forbidden = "/\\?#";
  capabilities.limits.reserved_fields = {"_rid", "_self", "_etag", "_ts", "_attachments"};
  capabilities.limits.special_fields = {"ttl"};
  return capabilities;
}

inline DocumentOptions IdOnly() {
  DocumentOptions options;
  options.id_columns = {"id"};
  return options;
}

inline std::string MakeError(const std::vector<NamedColumn>& columns,
                             const DocumentOptions& options,
                             const Capabilities& capabilities = DoubleStore()) {
  const Batch batch = BuildBatch(columns);
  const auto encoder = DocumentEncoder::Make(options, batch.schema->get(), capabilities);
  if (encoder.ok()) return "";
  EXPECT_EQ(encoder.status().code(), StatusCode::kInvalidArgument);
  return std::string(encoder.status().message());
}

inline std::shared_ptr<EncodedBatch> EncodeAll(const std::vector<NamedColumn>& columns,
                                               const DocumentOptions& options,
                                               const Capabilities& capabilities = DoubleStore(),
                                               Intent intent = Intent::kUpsert) {
  const Batch batch = BuildBatch(columns);
  const auto encoder = DocumentEncoder::Make(options, batch.schema->get(), capabilities);
  EXPECT_TRUE(encoder.ok()) << encoder.status().ToString();
  if (!encoder.ok()) return std::make_shared<EncodedBatch>();
  auto encoded = (*encoder)->Encode(batch, intent);
  EXPECT_TRUE(encoded.ok()) << encoded.status().ToString();
  return encoded.ok() ? *encoded : std::make_shared<EncodedBatch>();
}

// The JSON of row 0 of `column` under `policy`; "rejected: reason" where the row is refused, and
// "absent" where the field is left out.
inline std::string ValueText(const BuiltColumn& column, const ValuePolicy& policy = {},
                             const Capabilities& capabilities = DoubleStore()) {
  DocumentOptions options = IdOnly();
  options.policy = policy;
  std::vector<NamedColumn> columns{{"id", Strings(Values<std::string>(column.length, "k"))},
                                   {"v", column}};
  const auto encoded = EncodeAll(columns, options, capabilities);
  for (const RejectedRow& row : encoded->rejected) {
    if (row.row == 0) return "rejected: " + row.reason;
  }
  if (encoded->documents.empty()) return "nothing";
  const std::string_view body = encoded->documents[0].body;
  constexpr std::string_view kPrefix = R"({"id":"k","v":)";
  if (!body.starts_with(kPrefix)) return "absent";
  return std::string(body.substr(kPrefix.size(), body.size() - kPrefix.size() - 1));
}

}  // namespace spillway

#endif  // SPILLWAY_TRANSFORMS_ENCODER_TEST_SUPPORT_H_
