// Pointer: the one document that readers follow. A pipeline that switches loads into containers of
// its own making (generations: products-v1, products-v2, …); the pointer names the one to read.
// docs/switch.md is the readers' side of this contract: a member is never renamed or taken away.
#ifndef SPILLWAY_GENERATIONS_POINTER_H_
#define SPILLWAY_GENERATIONS_POINTER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace spillway {

inline constexpr int64_t kPointerFormat = 1;

struct Pointer {
  std::string container;          // the one to read
  std::string previous;           // the one before; empty: there was none
  int64_t previous_until_ms = 0;  // it stays at least until then; UTC, by the store's clock
  int64_t version = 0;            // of the table, when the container became the one to read
  int64_t switched_ms = 0;        // when that was; UTC, by the store's clock
  std::string pipeline;
  int64_t run = 0;  // of the pipeline's runs, the one that switched
};

// As a document of a DocumentTable, in the partition of its own id.
std::string PointerDocument(std::string_view id, const Pointer& pointer);

// kDataLoss: it names no container. kUnsupported: of a newer format.
Result<Pointer> ParsePointer(std::string_view document);

}  // namespace spillway

#endif  // SPILLWAY_GENERATIONS_POINTER_H_
