#include "destinations/cosmosdb/partition_key.h"

#include <cstring>
#include <optional>

#include "json/json_scanner.h"

namespace spillway::cosmosdb {
namespace {

std::optional<KeyComponent> TakeComponent(JsonScanner* scanner, std::string* unescaped) {
  switch (scanner->Peek()) {
    case '"': {
      std::string_view text;
      if (!scanner->TakeString(&text, unescaped)) return std::nullopt;
      return KeyComponent(text);
    }
    case 'n':
      if (!scanner->TakeWord("null")) return std::nullopt;
      return KeyComponent(NullKey());
    case 't':
      if (!scanner->TakeWord("true")) return std::nullopt;
      return KeyComponent(true);
    case 'f':
      if (!scanner->TakeWord("false")) return std::nullopt;
      return KeyComponent(false);
    case '{':
      if (!scanner->Take('{') || !scanner->Take('}')) return std::nullopt;
      return KeyComponent(UndefinedKey());
    default: {
      double number = 0;
      if (!scanner->TakeNumber(&number)) return std::nullopt;
      return KeyComponent(number == 0 ? 0.0 : number);  // -0 and 0 are one key
    }
  }
}

}  // namespace

Status PartitionKeyValues::Parse(std::string_view json) {
  const auto bad = [&] {
    return InvalidArgument(
        "not a partition key: " + std::string(json) +
        ": it must be an array of at most three strings, numbers, booleans or nulls");
  };
  count_ = 0;
  JsonScanner scanner(json);
  if (!scanner.Take('[')) return bad();
  if (scanner.Take(']')) return scanner.AtEnd() ? Status::Ok() : bad();
  do {
    if (count_ == kPartitionKeyLevelsMax) return bad();
    std::optional<KeyComponent> component = TakeComponent(&scanner, &unescaped_[count_]);
    if (!component.has_value()) return bad();
    components_[count_++] = *component;
  } while (scanner.Take(','));
  return scanner.Take(']') && scanner.AtEnd() ? Status::Ok() : bad();
}

Status EpkOfText(HashKind kind, std::string_view json, std::string* epk) {
  thread_local PartitionKeyValues values;  // for each document: making one costs more than this
  RETURN_IF_ERROR(values.Parse(json));
  epk->clear();
  AppendEpk(kind, values.components(), epk);
  return Status::Ok();
}

Hash128 RouteOfEpk(std::string_view epk) {
  uint64_t halves[2] = {0, 0};
  if (epk.size() >= kRouteBytes) [[likely]] {
    std::memcpy(halves, epk.data(), kRouteBytes);
    return {__builtin_bswap64(halves[0]), __builtin_bswap64(halves[1])};
  }
  for (size_t i = 0; i < kRouteBytes; ++i) {
    const uint64_t byte = i < epk.size() ? static_cast<uint8_t>(epk[i]) : 0;
    halves[i / 8] = halves[i / 8] << 8 | byte;
  }
  return {halves[0], halves[1]};
}

std::array<char, kRouteBytes> EpkOfRoute(Hash128 route) {
  std::array<char, kRouteBytes> epk;
  for (size_t i = 0; i < kRouteBytes; ++i) {
    const uint64_t half = i < 8 ? route.high : route.low;
    epk[i] = static_cast<char>(half >> (56 - 8 * (i % 8)) & 0xFF);
  }
  return epk;
}

}  // namespace spillway::cosmosdb
