#include "json/canonical_hash.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace spillway {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

// A seed per kind, so that "1", 1 and [1] differ.
enum class Seed : uint64_t { kNull = 1, kFalse, kTrue, kNumber, kString, kArray, kObject, kMember };

// Two words to two words: each bit of the result depends on all of both. Most of a document is
// short keys, numbers and short texts, for which the set-up of a hash for long texts costs most.
Hash128 Mix(uint64_t first, uint64_t second, Seed seed) {
  // Odd, with as many ones as zeros in no order.
  constexpr uint64_t kSecrets[] = {0x8BB8'4B93'962E'ACC9, 0x4B33'A62E'D433'D4A3,
                                   0x2D35'8DCC'AA6C'78A5, 0x9E37'79B9'7F4A'7C15};
  const uint64_t kind = static_cast<uint64_t>(seed) * kSecrets[3];
  const auto multiply = [](uint64_t a, uint64_t b) {
    const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
    return Hash128{static_cast<uint64_t>(product >> 64), static_cast<uint64_t>(product)};
  };
  const uint64_t left = first ^ kSecrets[0] ^ kind;
  const uint64_t right = second ^ kSecrets[1];
  const Hash128 once = multiply(left, right);
  // The factors again: a factor of 0 must not swallow the other.
  const Hash128 twice = multiply(once.low ^ left ^ kSecrets[2], once.high ^ right ^ kSecrets[3]);
  return {twice.high ^ once.low ^ right, twice.low ^ once.high ^ left};
}

// What is stored has it, so that it never changes.
struct DurableHash {
  static Hash128 Bytes(std::string_view bytes, Seed seed) {
    return Murmur3x64_128(bytes, static_cast<uint64_t>(seed));
  }
  static Hash128 Pair(const Hash128& first, const Hash128& second, Seed seed) {
    char bytes[sizeof(first) + sizeof(second)];
    std::memcpy(bytes, &first, sizeof(first));
    std::memcpy(bytes + sizeof(first), &second, sizeof(second));
    return Bytes({bytes, sizeof(bytes)}, seed);
  }
  static Hash128 Number(uint64_t bits) {
    char bytes[sizeof(bits)];
    std::memcpy(bytes, &bits, sizeof(bits));
    return Bytes({bytes, sizeof(bytes)}, Seed::kNumber);
  }
};

// What two sides are compared by.
struct QuickHash {
  static Hash128 Bytes(std::string_view bytes, Seed seed) {
    constexpr size_t kShortMax = 2 * sizeof(uint64_t) - 1;
    if (bytes.size() > kShortMax) return DurableHash::Bytes(bytes, seed);
    // The last byte says how many there are: a text and the same with a zero behind it differ.
    char padded[2 * sizeof(uint64_t)] = {};
    if (!bytes.empty()) std::memcpy(padded, bytes.data(), bytes.size());
    padded[kShortMax] = static_cast<char>(bytes.size());
    uint64_t words[2];
    std::memcpy(words, padded, sizeof(words));
    return Mix(words[0], words[1], seed);
  }
  static Hash128 Pair(const Hash128& first, const Hash128& second, Seed seed) {
    const Hash128 high = Mix(first.high, second.high, seed);
    const Hash128 low = Mix(first.low, second.low, seed);
    return Mix(high.high ^ low.low, high.low + low.high, seed);
  }
  static Hash128 Number(uint64_t bits) { return Mix(bits, 0, Seed::kNumber); }
};

// Addition does not care about order.
void Add(const Hash128& hash, Hash128* sum) {
  sum->high += hash.high;
  sum->low += hash.low;
}

template <typename Hash>
error_code HashValue(ondemand::value value, Hash128* out);

template <typename Hash>
error_code HashArray(ondemand::array array, Hash128* out) {
  Hash128 hash{0, static_cast<uint64_t>(Seed::kArray)};
  for (auto element : array) {
    ondemand::value value;
    if (const error_code error = element.get(value)) return error;
    Hash128 part;
    if (const error_code error = HashValue<Hash>(value, &part)) return error;
    hash = Hash::Pair(hash, part, Seed::kArray);
  }
  *out = hash;
  return simdjson::SUCCESS;
}

template <typename Hash>
error_code HashObject(ondemand::object object, std::span<const std::string> ignored, Hash128* out) {
  Hash128 sum{0, static_cast<uint64_t>(Seed::kObject)};
  for (auto member : object) {
    ondemand::field field;
    if (const error_code error = std::move(member).get(field)) return error;
    std::string_view key;
    if (const error_code error = field.unescaped_key().get(key)) return error;
    if (std::find(ignored.begin(), ignored.end(), key) != ignored.end()) continue;
    const Hash128 key_hash = Hash::Bytes(key, Seed::kString);
    Hash128 part;
    if (const error_code error = HashValue<Hash>(field.value(), &part)) return error;
    Add(Hash::Pair(key_hash, part, Seed::kMember), &sum);
  }
  *out = Hash::Pair(sum, {}, Seed::kObject);
  return simdjson::SUCCESS;
}

// The text of a token that has nothing escaped, as most have; else one of no data.
std::string_view PlainText(std::string_view token) {
  const size_t end = token.rfind('"');
  const std::string_view text = token.substr(1, end - 1);
  const bool plain = end > 0 && std::memchr(text.data(), '\\', text.size()) == nullptr;
  return plain ? text : std::string_view();
}

template <typename Hash>
error_code HashScalar(ondemand::value value, ondemand::json_type type, Hash128* out) {
  switch (type) {
    case ondemand::json_type::string: {
      std::string_view text = PlainText(value.raw_json_token());
      if (text.data() == nullptr) {
        if (const error_code error = value.get_string().get(text)) return error;
      }
      *out = Hash::Bytes(text, Seed::kString);
      return simdjson::SUCCESS;
    }
    case ondemand::json_type::number: {
      double number = 0;
      if (const error_code error = value.get_double().get(number)) return error;
      *out = Hash::Number(std::bit_cast<uint64_t>(number == 0 ? 0.0 : number));
      return simdjson::SUCCESS;
    }
    case ondemand::json_type::boolean: {
      bool flag = false;
      if (const error_code error = value.get_bool().get(flag)) return error;
      *out = Hash::Bytes({}, flag ? Seed::kTrue : Seed::kFalse);
      return simdjson::SUCCESS;
    }
    default: {
      bool is_null = false;
      if (const error_code error = value.is_null().get(is_null)) return error;
      *out = Hash::Bytes({}, Seed::kNull);
      return is_null ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
    }
  }
}

template <typename Hash>
error_code HashValue(ondemand::value value, Hash128* out) {
  ondemand::json_type type;
  if (const error_code error = value.type().get(type)) return error;
  if (type == ondemand::json_type::object) {
    ondemand::object object;
    if (const error_code error = value.get_object().get(object)) return error;
    return HashObject<Hash>(object, {}, out);
  }
  if (type == ondemand::json_type::array) {
    ondemand::array array;
    if (const error_code error = value.get_array().get(array)) return error;
    return HashArray<Hash>(array, out);
  }
  return HashScalar<Hash>(value, type, out);
}

template <typename Hash>
error_code HashDocument(std::string_view json, std::span<const std::string> ignored, Hash128* out) {
  // Both keep their memory from document to document.
  thread_local ondemand::parser parser;
  thread_local std::string padded;
  padded.reserve(json.size() + simdjson::SIMDJSON_PADDING);
  padded.assign(json);
  ondemand::document document;
  const auto view = simdjson::padded_string_view(padded.data(), padded.size(), padded.capacity());
  if (const error_code error = parser.iterate(view).get(document)) return error;
  ondemand::object object;
  if (const error_code error = document.get_object().get(object)) return error;
  if (const error_code error = HashObject<Hash>(object, ignored, out)) return error;
  // Out of bounds: nothing follows the value.
  const bool at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  return at_end ? simdjson::SUCCESS : simdjson::TRAILING_CONTENT;
}

Result<Hash128> Finish(error_code error, const Hash128& hash) {
  if (error == simdjson::SUCCESS) return hash;
  return DataLoss(fmt::format("not a JSON object: {}", simdjson::error_message(error)));
}

}  // namespace

Result<Hash128> CanonicalHash(std::string_view json,
                              std::span<const std::string> ignored_top_level) {
  Hash128 hash;
  const error_code error = HashDocument<QuickHash>(json, ignored_top_level, &hash);
  return Finish(error, hash);
}

Result<Hash128> DurableCanonicalHash(std::string_view json,
                                     std::span<const std::string> ignored_top_level) {
  Hash128 hash;
  const error_code error = HashDocument<DurableHash>(json, ignored_top_level, &hash);
  return Finish(error, hash);
}

}  // namespace spillway
