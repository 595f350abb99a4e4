#include "emulator/store/rid.h"

#include <openssl/evp.h>

#include <algorithm>

namespace spillway::emulator {
namespace {

constexpr uint8_t kItemType = 0x00;
constexpr uint8_t kRangeType = 0x50;
constexpr size_t kItemRidBytes = 16;
constexpr size_t kContainerRidBytes = 8;

void AppendBigEndian(uint32_t number, std::string* out) {
  for (int shift = 24; shift >= 0; shift -= 8) out->push_back(static_cast<char>(number >> shift));
}

// Seven bytes of the number, lowest first, and the type.
std::string Leaf(std::string_view parent, uint64_t number, uint8_t type) {
  std::string rid(parent);
  for (int shift = 0; shift < 56; shift += 8) rid.push_back(static_cast<char>(number >> shift));
  rid.push_back(static_cast<char>(type));
  return rid;
}

}  // namespace

std::string EncodeBase64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(size);
  return text;
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  const size_t padding = std::min<size_t>(text.size() - text.find_last_not_of('=') - 1, 2);
  bytes.resize(size - padding);
  // OpenSSL takes '=' anywhere for a zero.
  if (EncodeBase64(bytes) != text) return std::nullopt;
  return bytes;
}

std::string RidText(std::string_view bytes) {
  std::string text = EncodeBase64(bytes);
  std::replace(text.begin(), text.end(), '/', '-');
  return text;
}

std::optional<std::string> RidBytes(std::string_view text) {
  std::string base64(text);
  std::replace(base64.begin(), base64.end(), '-', '/');
  return DecodeBase64(base64);
}

uint32_t Scattered(uint32_t number) {
  constexpr uint32_t kOdd = 0x5bd1e995;
  constexpr uint32_t kBits = 0x7fffffff;
  number = number * kOdd & kBits;
  number ^= number >> 16;
  return number * kOdd & kBits;
}

std::string DatabaseRid(uint32_t number) {
  std::string rid;
  AppendBigEndian(number, &rid);
  std::reverse(rid.begin(), rid.end());
  return rid;
}

std::string ContainerRid(std::string_view database_rid, uint32_t number) {
  std::string rid(database_rid);
  AppendBigEndian(number | 0x80000000u, &rid);
  return rid;
}

std::string ItemRid(std::string_view container_rid, uint64_t sequence) {
  return Leaf(container_rid, sequence, kItemType);
}

std::string RangeRid(std::string_view container_rid, uint64_t range_number) {
  return Leaf(container_rid, range_number + 2, kRangeType);
}

std::string OfferRid(uint32_t number) {
  return {static_cast<char>(number), static_cast<char>(number >> 8),
          static_cast<char>(number >> 16)};
}

std::optional<uint64_t> ItemSequence(std::string_view bytes) {
  if (bytes.size() != kItemRidBytes || (static_cast<uint8_t>(bytes.back()) >> 4) != 0) {
    return std::nullopt;
  }
  uint64_t sequence = 0;
  for (size_t i = 0; i < 7; ++i) {
    sequence |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[kContainerRidBytes + i]))
                << (8 * i);
  }
  return sequence;
}

}  // namespace spillway::emulator
