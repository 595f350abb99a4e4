// Partition key values as the wire has them: a JSON array with one element per path.
#ifndef SPILLWAY_EMULATOR_SERVICE_PARTITION_KEY_H_
#define SPILLWAY_EMULATOR_SERVICE_PARTITION_KEY_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/json/document_scan.h"
#include "emulator/service/http_message.h"
#include "emulator/store/container.h"

namespace spillway::emulator {

using KeyValues = std::vector<ScannedValue>;

// Longest value of a partition key (service quotas). The first hash version takes longer ones than
// the 100 bytes that it looks at: what is alike up to there is one logical partition.
inline constexpr size_t kKeyBytesMax = 2048;

inline constexpr std::string_view kWrongKey =
    "Partition key provided either doesn't correspond to definition in the collection or doesn't "
    "match partition key field values specified in the document.";

// `["a",1,null,true,{}]`. 400 when it is none.
Outcome<KeyValues> ParseKeyValues(std::string_view json);

// The values for the paths of a container, from a scanned document. 400 when one is an object, an
// array or too long.
Outcome<KeyValues> KeyOfDocument(const ScannedDocument& document,
                                 const ContainerSettings& settings);

// The effective partition key: of all levels, or the prefix of a hierarchical key.
std::string EpkOf(const KeyValues& values, const ContainerSettings& settings);

bool SameKey(const KeyValues& a, const KeyValues& b);

// For histories and messages: the JSON array.
std::string KeyText(const KeyValues& values);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_PARTITION_KEY_H_
