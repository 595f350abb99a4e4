// DeltaPosition: where changes go on: a version, and what must be known of it so that following
// goes on without reading anything older and notices a table that is no longer the same.
#ifndef SPILLWAY_SOURCES_DELTA_DELTA_POSITION_H_
#define SPILLWAY_SOURCES_DELTA_DELTA_POSITION_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace spillway {

struct DeltaPosition {
  // Of the text (connector/change_log.h).
  static constexpr uint64_t kTextBytesMax = 1 << 20;

  int64_t version = 0;
  std::string table_id;
  std::string fingerprint;  // of the version's commit; empty: the commit was gone already
  std::string metadata;     // the log's metaData action that holds at the version, a JSON object
  std::string protocol;     // the log's protocol action that holds at the version, a JSON object
};

// kTooLarge when the table's schema is.
Result<std::string> ToText(const DeltaPosition& position);
// kInvalidArgument when the text is none of ToText's.
Result<DeltaPosition> ParsePosition(std::string_view text);

// Of a commit's content: another content has another fingerprint.
std::string CommitFingerprint(std::string_view content);

}  // namespace spillway

#endif  // SPILLWAY_SOURCES_DELTA_DELTA_POSITION_H_
