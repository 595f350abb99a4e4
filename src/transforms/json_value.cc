#include "transforms/json_value.h"

#include <cmath>

#include "transforms/exact_decimal.h"
#include "transforms/time_text.h"

namespace spillway {
namespace {

namespace ondemand = simdjson::ondemand;
using ondemand::json_type;
using simdjson::error_code;

constexpr int64_t kMillisPerDay = 86'400'000;
constexpr int64_t kMicrosPerMilli = 1'000;

__int128 PowerOfTen(int exponent) {
  __int128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

}  // namespace

std::string_view TrimmedJson(std::string_view json) {
  return json.substr(0, json.find_last_not_of(" \t\r\n") + 1);
}

std::string_view TokenOf(ondemand::value& value) {
  return TrimmedJson(value.raw_json_token());
}

error_code JsonOf(ondemand::value& value, json_type type, std::string_view* json) {
  if (type == json_type::object) {
    ondemand::object object;
    const error_code error = value.get_object().get(object);
    return error != simdjson::SUCCESS ? error : object.raw_json().get(*json);
  }
  if (type == json_type::array) {
    ondemand::array array;
    const error_code error = value.get_array().get(array);
    return error != simdjson::SUCCESS ? error : array.raw_json().get(*json);
  }
  *json = TokenOf(value);
  return simdjson::SUCCESS;
}

std::string_view UnquotedToken(ondemand::value& value) {
  std::string_view token = TokenOf(value);
  if (token.size() >= 2 && token.front() == '"') token = token.substr(1, token.size() - 2);
  return token;
}

std::optional<int64_t> ReadInteger(ondemand::value& value, json_type type) {
  if (type != json_type::number) return std::nullopt;
  int64_t integer = 0;
  if (value.get_int64().get(integer) == simdjson::SUCCESS) return integer;
  // 5.0, and what the service makes of large integers: 1e21 does not fit.
  double number = 0;
  constexpr double kEnd = 9223372036854775808.0;
  if (value.get_double().get(number) != simdjson::SUCCESS || number != std::floor(number) ||
      number < -kEnd || number >= kEnd) {
    return std::nullopt;
  }
  return static_cast<int64_t>(number);
}

std::optional<__int128> ReadDecimal(ondemand::value& value, json_type type, int precision,
                                    int scale) {
  if (type != json_type::number && type != json_type::string) return std::nullopt;
  std::optional<ExactDecimal> read = ParseExactDecimal(UnquotedToken(value));
  if (!read.has_value()) return std::nullopt;
  for (; read->scale > scale; --read->scale, read->unscaled /= 10) {
    if (read->unscaled % 10 != 0) return std::nullopt;
  }
  const __int128 end = PowerOfTen(precision);
  for (; read->scale < scale; ++read->scale) {
    if (read->unscaled >= end || read->unscaled <= -end) return std::nullopt;
    read->unscaled *= 10;
  }
  if (read->unscaled >= end || read->unscaled <= -end) return std::nullopt;
  return read->unscaled;
}

std::optional<int32_t> ReadDate(ondemand::value& value, json_type type, bool epoch_millis) {
  if (type == json_type::string) return ParseDate(UnquotedToken(value));
  const std::optional<int64_t> number = ReadInteger(value, type);
  if (!number.has_value()) return std::nullopt;
  int64_t days = *number;
  if (epoch_millis) days = *number / kMillisPerDay - (*number % kMillisPerDay < 0 ? 1 : 0);
  if (days < INT32_MIN || days > INT32_MAX) return std::nullopt;
  return static_cast<int32_t>(days);
}

std::optional<int64_t> ReadTimestamp(ondemand::value& value, json_type type, bool epoch_millis) {
  if (type == json_type::string) return ParseTimestamp(UnquotedToken(value));
  const std::optional<int64_t> number = ReadInteger(value, type);
  if (!number.has_value() || !epoch_millis) return number;
  int64_t micros = 0;
  if (__builtin_mul_overflow(*number, kMicrosPerMilli, &micros)) return std::nullopt;
  return micros;
}

}  // namespace spillway
