// Continuation tokens of document feeds and queries. A token names the last document returned by
// its place in the order of the store (the interval of effective partition keys that was one range,
// then creation), so that it stays good across splits, merges and restarts.
#ifndef SPILLWAY_EMULATOR_SERVICE_CONTINUATION_H_
#define SPILLWAY_EMULATOR_SERVICE_CONTINUATION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "emulator/service/http_message.h"
#include "emulator/service/item_scan.h"

namespace spillway::emulator {

struct Continuation {
  ScanPosition position;
  uint64_t returned = 0;  // results so far
  uint64_t skipped = 0;   // by OFFSET, so far
  // When a page ended inside a document that gives several rows: which one, and how many it gave.
  uint64_t partial_sequence = 0;
  uint64_t partial_rows = 0;
};

// "-RID:~<rid of the last document>#RT:1#TRC:<returned>#SKP:…#PSQ:…#PRW:…#EPK:<hex>-<hex>".
std::string ContinuationText(const Continuation& continuation, std::string_view container_rid);

// nullopt for an empty text; 400 for one that is no token.
Outcome<std::optional<Continuation>> ParseContinuation(std::string_view text);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_CONTINUATION_H_
