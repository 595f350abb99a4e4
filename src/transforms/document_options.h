// DocumentOptions: how a row becomes a document: which columns, under which names, and the policy
// for every type where users differ. Filled from `documents`, `destination.id`,
// `destination.partition_key` and `source.columns` of a pipeline (docs/reference/configuration.md).
#ifndef SPILLWAY_TRANSFORMS_DOCUMENT_OPTIONS_H_
#define SPILLWAY_TRANSFORMS_DOCUMENT_OPTIONS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace spillway {

enum class NullPolicy : uint8_t { kKeep, kOmit };
enum class TimestampPolicy : uint8_t { kIso8601, kEpochMillis, kEpochMicros };
enum class DecimalPolicy : uint8_t { kNumber, kString };
// Numbers whose text does not survive a double: 2^53+1 and 38-digit decimals do not, 12.95 does.
enum class InexactNumberPolicy : uint8_t { kReject, kString, kNumber };
enum class NonFinitePolicy : uint8_t { kReject, kNull, kString };

struct ValuePolicy {
  NullPolicy nulls = NullPolicy::kKeep;
  TimestampPolicy timestamps = TimestampPolicy::kIso8601;  // dates too
  DecimalPolicy decimals = DecimalPolicy::kNumber;
  InexactNumberPolicy inexact_numbers = InexactNumberPolicy::kReject;
  NonFinitePolicy non_finite = NonFinitePolicy::kReject;
};

// A top-level field path of the document ("pricing.unit" nests) and the column that fills it.
struct FieldMapping {
  std::string field;
  std::string column;
};

// What to do with an id that holds characters that the service accepts but cannot read back.
enum class IdEscaping : uint8_t {
  kReject,   // reject the row
  kPercent,  // write %XX for the character and for '%' itself: reversible
};

// What marks a document whose row is gone, where such documents stay (`mode: soft_delete`).
struct SoftDelete {
  std::string field;           // top level; no column may fill it
  std::string value = "true";  // a JSON scalar
};

struct DocumentOptions {
  std::vector<std::string> columns;     // to be in the document; empty: all
  std::vector<FieldMapping> fields;     // renames and nesting; columns not named keep their names
  std::vector<std::string> id_columns;  // one or several
  std::string id_separator = "|";
  IdEscaping id_escaping = IdEscaping::kReject;
  std::vector<std::string>
      partition_key_paths;  // "/category"; one, or several for a hierarchical key
  ValuePolicy policy;
  std::map<std::string, ValuePolicy> column_policies;  // complete: the default already merged in
  std::string filter;                                  // row filter, "" for none
  std::optional<SoftDelete> soft_delete;
  // Top level; says who wrote a document, and is no part of what it says. Empty: none is written.
  std::string stamp_field;
};

}  // namespace spillway

#endif  // SPILLWAY_TRANSFORMS_DOCUMENT_OPTIONS_H_
