// What a JSON value says in a column's type, as the encoder writes it or as other writers do.
#ifndef SPILLWAY_TRANSFORMS_JSON_VALUE_H_
#define SPILLWAY_TRANSFORMS_JSON_VALUE_H_

#include <simdjson.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace spillway {

// All views are into the document. A value is read once; nullopt: it does not fit.

std::string_view TrimmedJson(std::string_view json);
// A scalar as it stands there, quotes and escapes included.
std::string_view TokenOf(simdjson::ondemand::value& value);
// A scalar's text: of a text what stands between its quotes, of a number its digits.
std::string_view UnquotedToken(simdjson::ondemand::value& value);
// The JSON of a value that is no text. An error: the document is damaged.
simdjson::error_code JsonOf(simdjson::ondemand::value& value, simdjson::ondemand::json_type type,
                            std::string_view* json);

std::optional<int64_t> ReadInteger(simdjson::ondemand::value& value,
                                   simdjson::ondemand::json_type type);
// Unscaled, with `scale` digits behind the point; exact, or nothing.
std::optional<__int128> ReadDecimal(simdjson::ondemand::value& value,
                                    simdjson::ondemand::json_type type, int precision, int scale);
// Days and microseconds since 1970, from text or from numbers; `epoch_millis`: numbers are
// milliseconds.
std::optional<int32_t> ReadDate(simdjson::ondemand::value& value,
                                simdjson::ondemand::json_type type, bool epoch_millis);
std::optional<int64_t> ReadTimestamp(simdjson::ondemand::value& value,
                                     simdjson::ondemand::json_type type, bool epoch_millis);

template <typename T>
std::optional<T> ReadIntegerOf(simdjson::ondemand::value& value,
                               simdjson::ondemand::json_type type) {
  const std::optional<int64_t> integer = ReadInteger(value, type);
  if (!integer || *integer < std::numeric_limits<T>::min() ||
      *integer > std::numeric_limits<T>::max()) {
    return std::nullopt;
  }
  return static_cast<T>(*integer);
}

template <typename T>
std::optional<T> ReadFloating(simdjson::ondemand::value& value,
                              simdjson::ondemand::json_type type) {
  double number = 0;
  if (type == simdjson::ondemand::json_type::number &&
      value.get_double().get(number) == simdjson::SUCCESS) {
    if (std::abs(number) > std::numeric_limits<T>::max()) return std::nullopt;
    return static_cast<T>(number);
  }
  const std::string_view token = TokenOf(value);
  if (token == R"("NaN")") return std::numeric_limits<T>::quiet_NaN();
  if (token == R"("Infinity")") return std::numeric_limits<T>::infinity();
  if (token == R"("-Infinity")") return -std::numeric_limits<T>::infinity();
  return std::nullopt;
}

}  // namespace spillway

#endif  // SPILLWAY_TRANSFORMS_JSON_VALUE_H_
