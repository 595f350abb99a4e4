#include "emulator/service/continuation.h"

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

}  // namespace

std::string ContinuationText(const Continuation& continuation, std::string_view container_rid) {
  return "-RID:~" + RidText(ItemRid(container_rid, continuation.position.sequence)) +
         "#RT:1#TRC:" + std::to_string(continuation.returned) +
         "#EPK:" + cosmosdb::EpkToHex(continuation.position.epk);
}

Outcome<std::optional<Continuation>> ParseContinuation(std::string_view text) {
  if (text.empty()) return std::optional<Continuation>();
  const auto invalid = [&] {
    return BadRequest("The continuation token '" + std::string(text) + "' is invalid.");
  };
  const auto rid = Part(text, "-RID:~");
  const auto returned = Part(text, "#TRC:");
  const auto epk = Part(text, "#EPK:");
  if (!rid || !returned || !epk) return invalid();
  const auto rid_bytes = RidBytes(*rid);
  const auto sequence = rid_bytes ? ItemSequence(*rid_bytes) : std::nullopt;
  auto epk_bytes = cosmosdb::EpkFromHex(*epk);
  Continuation continuation;
  const auto [end, error] =
      std::from_chars(returned->data(), returned->data() + returned->size(), continuation.returned);
  if (!sequence || !epk_bytes.ok() || error != std::errc()) return invalid();
  continuation.position = {*std::move(epk_bytes), *sequence};
  return std::optional<Continuation>(std::move(continuation));
}

}  // namespace spillway::emulator
