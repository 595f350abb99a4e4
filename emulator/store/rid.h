// Resource ids: the binary names that the service gives to everything it holds, shown as base64
// with
// '-' for '/'. A child's bytes start with its parent's (cosmos-protocol: databases 4 bytes,
// containers 8, items and ranges 16 with their type in the upper half of the last byte; offers 3).
#ifndef SPILLWAY_EMULATOR_STORE_RID_H_
#define SPILLWAY_EMULATOR_STORE_RID_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spillway::emulator {

std::string EncodeBase64(std::string_view bytes);
// nullopt when `text` is not padded base64.
std::optional<std::string> DecodeBase64(std::string_view text);

std::string RidText(std::string_view bytes);
std::optional<std::string> RidBytes(std::string_view text);

// Spreads numbers over 31 bits, each to another one.
uint32_t Scattered(uint32_t number);

// The binary rids. Numbers are given by the server, never twice.
std::string DatabaseRid(uint32_t number);
std::string ContainerRid(std::string_view database_rid, uint32_t number);
std::string ItemRid(std::string_view container_rid, uint64_t sequence);
std::string RangeRid(std::string_view container_rid, uint64_t range_number);
std::string OfferRid(uint32_t number);

// The sequence number in an item's rid; nullopt when `bytes` is not one.
std::optional<uint64_t> ItemSequence(std::string_view bytes);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_STORE_RID_H_
