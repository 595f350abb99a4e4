#include "transforms/scalar_writer.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cstring>

#include "transforms/base64.h"

namespace spillway {
namespace {

constexpr __int128 kFifteenDigits = 1'000'000'000'000'000;

}  // namespace

bool ScalarWriter::Refuse(const ValuePlan& plan, const char* reason, std::string_view what) {
  return RefuseRow(reason, fmt::format("column \"{}\": {}", plan.path, what));
}

bool ScalarWriter::RefuseRow(const char* reason, std::string message) {
  error_ = {reason, std::move(message)};
  return false;
}

void ScalarWriter::Quote(size_t start) {
  const size_t size = out_.size() - start;
  out_.Ensure(2);
  char* const begin = out_.end() - size;
  std::memmove(begin + 1, begin, size);
  *begin = '"';
  begin[size + 1] = '"';
  out_.set_end(begin + size + 2);
}

bool ScalarWriter::SettleInexact(const ValuePlan& plan, size_t start) {
  const std::string_view number = out_.Written(start);
  if (SurvivesDouble(number)) return true;
  switch (plan.policy.inexact_numbers) {
    case InexactNumberPolicy::kNumber:
      return true;
    case InexactNumberPolicy::kString:
      Quote(start);
      return true;
    case InexactNumberPolicy::kReject:
      break;
  }
  return Refuse(plan, "inexact_number",
                fmt::format("{} does not survive as a double, which is how the destination keeps "
                            "numbers; inexact_numbers can be set to string or number",
                            number));
}

bool ScalarWriter::UInt64(const ValuePlan& plan, uint64_t value) {
  if (value <= INT64_MAX) return Int64(plan, static_cast<int64_t>(value));
  const size_t start = out_.size();
  out_.set_end(WriteUnsigned(value, out_.end()));
  return !plan.check_exact || SettleInexact(plan, start);
}

bool ScalarWriter::NonFinite(const ValuePlan& plan, double value) {
  const std::string_view name = std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  switch (plan.policy.non_finite) {
    case NonFinitePolicy::kNull:
      out_.PutText("null");
      return true;
    case NonFinitePolicy::kString:
      out_.Put('"');
      out_.PutText(name);
      out_.Put('"');
      return true;
    case NonFinitePolicy::kReject:
      break;
  }
  return Refuse(
      plan, "non_finite",
      fmt::format("{} has no JSON number; non_finite can be set to null or string", name));
}

bool ScalarWriter::Decimal(const ValuePlan& plan, __int128 unscaled, int scale) {
  const size_t start = out_.size();
  const bool text = plan.policy.decimals == DecimalPolicy::kString;
  out_.set_end(WriteDecimal(unscaled, scale, !text, out_.end()));
  if (text) {
    Quote(start);
    return true;
  }
  // Every decimal of at most 15 digits survives a double (C++: DBL_DIG of IEEE 754 binary64).
  const bool short_enough = unscaled < kFifteenDigits && unscaled > -kFifteenDigits;
  return !plan.check_exact || short_enough || SettleInexact(plan, start);
}

bool ScalarWriter::Date(const ValuePlan& plan, int32_t days) {
  if (plan.policy.timestamps != TimestampPolicy::kIso8601) {
    return Timestamp(plan, {days * int64_t{86'400}, 0}, true);
  }
  if (!IsPlainDate(days)) {
    return Refuse(plan, "date_out_of_range",
                  fmt::format("day {} since 1970-01-01 is outside the years 0000 to 9999", days));
  }
  out_.Put('"');
  out_.set_end(WriteDate(days, out_.end()));
  out_.Put('"');
  return true;
}

bool ScalarWriter::Timestamp(const ValuePlan& plan, const TimePoint& time, bool zoned) {
  if (plan.policy.timestamps == TimestampPolicy::kIso8601) {
    if (!IsPlainTime(time)) {
      return Refuse(plan, "timestamp_out_of_range",
                    fmt::format("second {} since 1970-01-01 is outside the years 0000 to 9999",
                                time.seconds));
    }
    out_.Put('"');
    out_.set_end(WriteTime(time, zoned, out_.end()));
    out_.Put('"');
    return true;
  }
  const bool millis = plan.policy.timestamps == TimestampPolicy::kEpochMillis;
  const auto epoch = ToEpoch(time, millis ? TimeUnit::kMilli : TimeUnit::kMicro);
  if (epoch) return Int64(plan, *epoch);
  return Refuse(plan, "timestamp_out_of_range",
                "the time is not a whole 64-bit count of the asked unit since the epoch");
}

bool ScalarWriter::String(const ValuePlan& plan, std::string_view text, bool known_utf8) {
  if (!known_utf8 && !simdjson::validate_utf8(text.data(), text.size())) {
    return Refuse(plan, "invalid_utf8", "the string is not valid UTF-8");
  }
  out_.AppendString(text);
  return true;
}

void ScalarWriter::Binary(std::string_view bytes) {
  out_.Ensure(Base64Size(bytes.size()) + 2);
  out_.Put('"');
  out_.set_end(WriteBase64(bytes, out_.end()));
  out_.Put('"');
}

}  // namespace spillway
