// Continuation tokens of document feeds and queries. A token names the last document returned by
// its place in the order of the store (effective partition key, then creation), so that it stays
// good across splits, merges and restarts.
#ifndef SPILLWAY_EMULATOR_SERVICE_CONTINUATION_H_
#define SPILLWAY_EMULATOR_SERVICE_CONTINUATION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "emulator/service/http_message.h"
#include "emulator/store/partition.h"

namespace spillway::emulator {

struct Continuation {
  ScanPosition position;
  uint64_t returned = 0;  // results so far
};

// "-RID:~<rid of the last document>#RT:1#TRC:<returned>#EPK:<hex>".
std::string ContinuationText(const Continuation& continuation, std::string_view container_rid);

// nullopt for an empty text; 400 for one that is no token.
Outcome<std::optional<Continuation>> ParseContinuation(std::string_view text);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_CONTINUATION_H_
