// The texts of partition keys, taken apart and put together: one array of all fields that could be
// keys is encoded per row, and every candidate's key is made of its parts.
#ifndef SPILLWAY_ADVICE_KEY_TEXT_H_
#define SPILLWAY_ADVICE_KEY_TEXT_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spillway {

// Replaces `parts` by the values of `key` (as Document::partition_key), each as it stands there.
// REQUIRES: a key as the encoder writes it: no spaces.
void SplitKey(std::string_view key, std::vector<std::string_view>* parts);

inline constexpr std::string_view kMissingPart = "{}";
inline constexpr std::string_view kNullPart = "null";

// Replaces `key` by the key of several levels that these parts make.
void MakeLevels(std::span<const std::string_view> parts, std::string* key);

// Stands between the values of a joined key.
inline constexpr char kJoinSeparator = '-';
// Replaces `key` by the key of one string in which the parts stand one behind the other: what a
// column would hold that concatenates theirs. Nulls and absent values are empty.
void MakeJoined(std::span<const std::string_view> parts, std::string* key);

// Bytes of the value itself, without quotes and escapes.
uint64_t ValueBytes(std::string_view part);

}  // namespace spillway

#endif  // SPILLWAY_ADVICE_KEY_TEXT_H_
