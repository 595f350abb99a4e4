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

Hash128 HashBytes(std::string_view bytes, Seed seed) {
  return Murmur3x64_128(bytes, static_cast<uint64_t>(seed));
}

Hash128 HashPair(const Hash128& first, const Hash128& second, Seed seed) {
  char bytes[sizeof(first) + sizeof(second)];
  std::memcpy(bytes, &first, sizeof(first));
  std::memcpy(bytes + sizeof(first), &second, sizeof(second));
  return HashBytes({bytes, sizeof(bytes)}, seed);
}

Hash128 HashNumber(double value) {
  const uint64_t bits = std::bit_cast<uint64_t>(value == 0 ? 0.0 : value);
  char bytes[sizeof(bits)];
  std::memcpy(bytes, &bits, sizeof(bits));
  return HashBytes({bytes, sizeof(bytes)}, Seed::kNumber);
}

// Addition does not care about order.
void Add(const Hash128& hash, Hash128* sum) {
  sum->high += hash.high;
  sum->low += hash.low;
}

error_code HashValue(ondemand::value value, Hash128* out);

error_code HashArray(ondemand::array array, Hash128* out) {
  Hash128 hash{0, static_cast<uint64_t>(Seed::kArray)};
  for (auto element : array) {
    ondemand::value value;
    if (const error_code error = element.get(value)) return error;
    Hash128 part;
    if (const error_code error = HashValue(value, &part)) return error;
    hash = HashPair(hash, part, Seed::kArray);
  }
  *out = hash;
  return simdjson::SUCCESS;
}

error_code HashObject(ondemand::object object, std::span<const std::string> ignored, Hash128* out) {
  Hash128 sum{0, static_cast<uint64_t>(Seed::kObject)};
  for (auto member : object) {
    ondemand::field field;
    if (const error_code error = std::move(member).get(field)) return error;
    std::string_view key;
    if (const error_code error = field.unescaped_key().get(key)) return error;
    if (std::find(ignored.begin(), ignored.end(), key) != ignored.end()) continue;
    const Hash128 key_hash = HashBytes(key, Seed::kString);
    Hash128 part;
    if (const error_code error = HashValue(field.value(), &part)) return error;
    Add(HashPair(key_hash, part, Seed::kMember), &sum);
  }
  *out = HashPair(sum, {}, Seed::kObject);
  return simdjson::SUCCESS;
}

error_code HashScalar(ondemand::value value, ondemand::json_type type, Hash128* out) {
  switch (type) {
    case ondemand::json_type::string: {
      std::string_view text;
      if (const error_code error = value.get_string().get(text)) return error;
      *out = HashBytes(text, Seed::kString);
      return simdjson::SUCCESS;
    }
    case ondemand::json_type::number: {
      double number = 0;
      if (const error_code error = value.get_double().get(number)) return error;
      *out = HashNumber(number);
      return simdjson::SUCCESS;
    }
    case ondemand::json_type::boolean: {
      bool flag = false;
      if (const error_code error = value.get_bool().get(flag)) return error;
      *out = HashBytes({}, flag ? Seed::kTrue : Seed::kFalse);
      return simdjson::SUCCESS;
    }
    default: {
      bool is_null = false;
      if (const error_code error = value.is_null().get(is_null)) return error;
      *out = HashBytes({}, Seed::kNull);
      return is_null ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
    }
  }
}

error_code HashValue(ondemand::value value, Hash128* out) {
  ondemand::json_type type;
  if (const error_code error = value.type().get(type)) return error;
  if (type == ondemand::json_type::object) {
    ondemand::object object;
    if (const error_code error = value.get_object().get(object)) return error;
    return HashObject(object, {}, out);
  }
  if (type == ondemand::json_type::array) {
    ondemand::array array;
    if (const error_code error = value.get_array().get(array)) return error;
    return HashArray(array, out);
  }
  return HashScalar(value, type, out);
}

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
  if (const error_code error = HashObject(object, ignored, out)) return error;
  // Out of bounds: nothing follows the value.
  const bool at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  return at_end ? simdjson::SUCCESS : simdjson::TRAILING_CONTENT;
}

}  // namespace

Result<Hash128> CanonicalHash(std::string_view json,
                              std::span<const std::string> ignored_top_level) {
  Hash128 hash;
  const error_code error = HashDocument(json, ignored_top_level, &hash);
  if (error == simdjson::SUCCESS) return hash;
  return DataLoss(fmt::format("not a JSON object: {}", simdjson::error_message(error)));
}

}  // namespace spillway
