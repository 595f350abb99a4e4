#include "destinations/cosmosdb/partition_hash.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"
#include "base/hash.h"

namespace spillway::cosmosdb {
namespace {

using Uint128 = unsigned __int128;

constexpr Uint128 kSpaceV2 = Uint128{1} << 126;
constexpr uint64_t kSpaceV1 = uint64_t{1} << 32;
constexpr size_t kHashBytesV2 = 16;
// Version 1 looks at no more of a string than this (bytes, UTF-8).
constexpr size_t kStringBytesMaxV1 = 100;

enum Marker : char {
  kUndefinedMarker = 0x00,
  kNullMarker = 0x01,
  kFalseMarker = 0x02,
  kTrueMarker = 0x03,
  kNumberMarker = 0x05,
  kStringMarker = 0x08,
};

char ScalarMarker(const KeyComponent& component) {
  if (std::holds_alternative<UndefinedKey>(component)) return kUndefinedMarker;
  if (std::holds_alternative<NullKey>(component)) return kNullMarker;
  return std::get<bool>(component) ? kTrueMarker : kFalseMarker;
}

std::string_view FirstBytesV1(std::string_view text) {
  return text.substr(0, kStringBytesMaxV1);
}

// What the hash functions read: marker, then the double little-endian or the string with its
// suffix.
void AppendHashInput(HashKind kind, const KeyComponent& component, std::string* out) {
  if (const auto* number = std::get_if<double>(&component)) {
    out->push_back(kNumberMarker);
    char bytes[sizeof(double)];
    static_assert(std::endian::native == std::endian::little);
    std::memcpy(bytes, number, sizeof(double));
    out->append(bytes, sizeof(double));
  } else if (const auto* text = std::get_if<std::string_view>(&component)) {
    out->push_back(kStringMarker);
    out->append(kind == HashKind::kV1 ? FirstBytesV1(*text) : *text);
    out->push_back(kind == HashKind::kV1 ? '\x00' : '\xFF');
  } else {
    out->push_back(ScalarMarker(component));
  }
}

// A double as bytes whose order is the order of the numbers: the sign-adjusted bits, eight in the
// first byte and seven in each further one, whose lowest bit says whether more follow.
void AppendOrderedNumber(double number, std::string* out) {
  uint64_t bits = std::bit_cast<uint64_t>(number);
  constexpr uint64_t kSign = uint64_t{1} << 63;
  bits = (bits & kSign) == 0 ? bits ^ kSign : ~bits + 1;
  out->push_back(kNumberMarker);
  out->push_back(static_cast<char>(bits >> 56));
  bits <<= 8;
  do {
    out->push_back(static_cast<char>((bits >> 56) | 1));
    bits <<= 7;
  } while (bits != 0);
  out->back() = static_cast<char>(out->back() & 0xFE);
}

void AppendOrderedComponent(const KeyComponent& component, std::string* out) {
  if (const auto* number = std::get_if<double>(&component)) {
    AppendOrderedNumber(*number, out);
  } else if (const auto* text = std::get_if<std::string_view>(&component)) {
    out->push_back(kStringMarker);
    for (const char c : FirstBytesV1(*text)) out->push_back(static_cast<char>(c + 1));
    out->push_back('\x00');
  } else {
    out->push_back(ScalarMarker(component));
  }
}

void AppendEpkV1(std::span<const KeyComponent> key, std::string* out) {
  std::string input;
  for (const KeyComponent& component : key) AppendHashInput(HashKind::kV1, component, &input);
  AppendOrderedNumber(Murmur3x86_32(input), out);
  for (const KeyComponent& component : key) AppendOrderedComponent(component, out);
}

// Big-endian, without the two bits that version 2 clears.
void AppendHashV2(std::string_view input, std::string* out) {
  const Hash128 hash = Murmur3x64_128(input);
  char bytes[kHashBytesV2];
  std::memcpy(bytes, &hash.high, 8);
  std::memcpy(bytes + 8, &hash.low, 8);
  std::reverse(bytes, bytes + kHashBytesV2);
  bytes[0] = static_cast<char>(bytes[0] & 0x3F);
  out->append(bytes, kHashBytesV2);
}

std::string BoundV2(Uint128 value) {
  std::string bytes(kHashBytesV2, '\0');
  for (size_t i = kHashBytesV2; i-- > 0; value >>= 8) bytes[i] = static_cast<char>(value & 0xFF);
  return bytes;
}

std::string BoundV1(uint64_t value) {
  std::string bytes;
  AppendOrderedNumber(static_cast<double>(value), &bytes);
  return bytes;
}

// A bound b divides the space at b + 1, so that halves are written 1FFF…FF; the outer bounds are
// the ends of the space.
Uint128 SpaceOf(HashKind kind) {
  return kind == HashKind::kV1 ? kSpaceV1 : kSpaceV2;
}

std::string BoundBefore(HashKind kind, Uint128 value) {
  return kind == HashKind::kV1 ? BoundV1(static_cast<uint64_t>(value) - 1) : BoundV2(value - 1);
}

uint64_t DecodeBoundV1(std::string_view bound) {
  const auto byte = [&](size_t i) { return static_cast<uint64_t>(static_cast<uint8_t>(bound[i])); };
  if (bound.size() < 2) return 0;
  uint64_t bits = byte(1) << 56;
  int shift = 49;
  for (size_t i = 2; i < bound.size() && shift >= 0; ++i, shift -= 7)
    bits |= (byte(i) >> 1) << shift;
  return static_cast<uint64_t>(std::bit_cast<double>(bits ^ (uint64_t{1} << 63)));
}

Uint128 DecodeBoundV2(std::string_view bound) {
  Uint128 value = 0;
  for (size_t i = 0; i < kHashBytesV2; ++i) {
    value = value << 8 | (i < bound.size() ? static_cast<uint8_t>(bound[i]) : 0);
  }
  return value;
}

Uint128 PositionOf(HashKind kind, std::string_view bound) {
  if (CompareEpk(bound, kEpkMin) == 0) return 0;
  if (CompareEpk(bound, kEpkMax) == 0) return SpaceOf(kind);
  return (kind == HashKind::kV1 ? Uint128{DecodeBoundV1(bound)} : DecodeBoundV2(bound)) + 1;
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

void AppendEpk(HashKind kind, std::span<const KeyComponent> key, std::string* out) {
  if (key.empty()) return;
  if (kind == HashKind::kV1) return AppendEpkV1(key, out);
  thread_local std::string input;  // kept for its capacity
  input.clear();
  for (const KeyComponent& component : key) {
    AppendHashInput(kind, component, &input);
    if (kind == HashKind::kMultiHash) {
      AppendHashV2(input, out);
      input.clear();
    }
  }
  if (kind == HashKind::kV2) AppendHashV2(input, out);
}

std::string Epk(HashKind kind, std::span<const KeyComponent> key) {
  std::string epk;
  AppendEpk(kind, key, &epk);
  return epk;
}

std::strong_ordering CompareEpk(std::string_view a, std::string_view b) {
  const size_t common = std::min(a.size(), b.size());
  const int order = common == 0 ? 0 : std::memcmp(a.data(), b.data(), common);
  if (order != 0) return order <=> 0;
  const auto only_zeros = [](std::string_view rest) {
    return rest.find_first_not_of('\0') == std::string_view::npos;
  };
  if (!only_zeros(a.substr(common))) return std::strong_ordering::greater;
  if (!only_zeros(b.substr(common))) return std::strong_ordering::less;
  return std::strong_ordering::equal;
}

bool EpkInRange(std::string_view epk, std::string_view min, std::string_view max) {
  return CompareEpk(min, epk) <= 0 && CompareEpk(epk, max) < 0;
}

std::string EpkToHex(std::string_view epk) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string hex;
  hex.reserve(epk.size() * 2);
  for (const char c : epk) {
    const auto byte = static_cast<uint8_t>(c);
    hex.push_back(kDigits[byte >> 4]);
    hex.push_back(kDigits[byte & 0xF]);
  }
  return hex;
}

Result<std::string> EpkFromHex(std::string_view hex) {
  const auto invalid = [&](std::string_view why) {
    return InvalidArgument("effective partition key '" + std::string(hex) +
                           "': " + std::string(why));
  };
  if (hex.size() % 2 != 0) return invalid("odd number of hex digits");
  std::string epk;
  epk.reserve(hex.size() / 2);
  for (size_t i = 0; i < hex.size(); i += 2) {
    const int high = HexValue(hex[i]);
    const int low = HexValue(hex[i + 1]);
    if (high < 0 || low < 0) return invalid("not a hex digit");
    epk.push_back(static_cast<char>(high << 4 | low));
  }
  return epk;
}

std::vector<std::string> EvenEpkBounds(HashKind kind, uint32_t range_count) {
  SPILLWAY_CHECK(range_count >= 1);
  const Uint128 space = SpaceOf(kind);
  std::vector<std::string> bounds;
  bounds.reserve(range_count - 1);
  for (uint32_t i = 1; i < range_count; ++i) {
    // V2: multiples of a rounded width, as the tests of azure-cosmos for Python have them for five
    // ranges. V1: as recorded for four.
    const Uint128 at = kind == HashKind::kV1
                           ? space / range_count * i + space % range_count * i / range_count
                           : (space - 1) / range_count * i + 1;
    bounds.push_back(BoundBefore(kind, at));
  }
  return bounds;
}

std::optional<std::string> EpkMidpoint(HashKind kind, std::string_view min, std::string_view max) {
  const Uint128 low = PositionOf(kind, min);
  const Uint128 high = PositionOf(kind, max);
  if (high < low + 2) return std::nullopt;
  return BoundBefore(kind, low + (high - low) / 2);
}

}  // namespace spillway::cosmosdb
