#include "emulator/service/continuation.h"

#include <algorithm>
#include <charconv>

#include "destinations/cosmosdb/partition_hash.h"
#include "emulator/store/rid.h"

namespace spillway::emulator {
namespace {

// The text behind `name`, up to the next '#'.
std::optional<std::string_view> Part(std::string_view token, std::string_view name) {
  const size_t at = token.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  token.remove_prefix(at + name.size());
  return token.substr(0, token.find('#'));
}

bool Number(std::string_view token, std::string_view name, uint64_t* out) {
  const auto part = Part(token, name);
  if (!part) return false;
  const auto [end, error] = std::from_chars(part->data(), part->data() + part->size(), *out);
  return error == std::errc() && end == part->data() + part->size();
}

}  // namespace

std::string ContinuationText(const Continuation& continuation, std::string_view container_rid) {
  return "-RID:~" + RidText(ItemRid(container_rid, continuation.position.sequence)) +
         "#RT:1#TRC:" + std::to_string(continuation.returned) +
         "#SKP:" + std::to_string(continuation.skipped) +
         "#PSQ:" + std::to_string(continuation.partial_sequence) +
         "#PRW:" + std::to_string(continuation.partial_rows) +
         "#EPK:" + cosmosdb::EpkToHex(continuation.position.min) + "-" +
         cosmosdb::EpkToHex(continuation.position.max);
}

Outcome<std::optional<Continuation>> ParseContinuation(std::string_view text) {
  if (text.empty()) return std::optional<Continuation>();
  const auto invalid = [&] {
    return BadRequest("The continuation token '" + std::string(text) + "' is invalid.");
  };
  const auto rid = Part(text, "-RID:~");
  const auto epk = Part(text, "#EPK:");
  if (!rid || !epk) return invalid();
  const auto rid_bytes = RidBytes(*rid);
  const auto sequence = rid_bytes ? ItemSequence(*rid_bytes) : std::nullopt;
  const size_t dash = std::min(epk->find('-'), epk->size());
  auto min = cosmosdb::EpkFromHex(epk->substr(0, dash));
  auto max = cosmosdb::EpkFromHex(epk->substr(std::min(dash + 1, epk->size())));
  Continuation continuation;
  if (!sequence || !min.ok() || !max.ok() || !Number(text, "#TRC:", &continuation.returned) ||
      !Number(text, "#SKP:", &continuation.skipped) ||
      !Number(text, "#PSQ:", &continuation.partial_sequence) ||
      !Number(text, "#PRW:", &continuation.partial_rows)) {
    return invalid();
  }
  continuation.position = {*std::move(min), *std::move(max), *sequence};
  return std::optional<Continuation>(std::move(continuation));
}

}  // namespace spillway::emulator
