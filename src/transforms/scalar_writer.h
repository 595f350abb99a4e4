// ScalarWriter: single values as JSON by the policies of a ValuePlan, wherever they come from: an
// Arrow column or inside a variant.
#ifndef SPILLWAY_TRANSFORMS_SCALAR_WRITER_H_
#define SPILLWAY_TRANSFORMS_SCALAR_WRITER_H_

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "json/json_buffer.h"
#include "json/number_text.h"
#include "transforms/time_text.h"
#include "transforms/value_plan.h"

namespace spillway {

// Room for any value but a string, a binary or a nested one, with quotes and a comma.
inline constexpr size_t kScalarBytesMax = kDecimalBytesMax + 16;

// Why a row is refused: a stable code, and a sentence for people.
struct RowError {
  std::string reason;
  std::string message;
};

// Used by one thread. Each method returns false when the row must be refused; error() says why, and
// what was written has to be taken back. REQUIRES (Int64 to Timestamp): kScalarBytesMax bytes
// ensured.
class ScalarWriter {
 public:
  explicit ScalarWriter(JsonBuffer* out) : out_(*out) {}

  bool Int64(const ValuePlan& plan, int64_t value) {
    const size_t start = out_.size();
    out_.set_end(WriteInteger(value, out_.end()));
    if (!plan.check_exact || IsSmallInteger(value)) [[likely]]
      return true;
    return SettleInexact(plan, start);
  }
  bool UInt64(const ValuePlan& plan, uint64_t value);
  bool Double(const ValuePlan& plan, double value) {
    if (!std::isfinite(value)) [[unlikely]]
      return NonFinite(plan, value);
    out_.set_end(WriteDouble(value, out_.end()));
    return true;
  }
  bool Float(const ValuePlan& plan, float value) {
    if (!std::isfinite(value)) [[unlikely]]
      return NonFinite(plan, value);
    out_.set_end(WriteFloat(value, out_.end()));
    return true;
  }
  bool Decimal(const ValuePlan& plan, __int128 unscaled, int scale);
  bool Date(const ValuePlan& plan, int32_t days);
  bool Timestamp(const ValuePlan& plan, const TimePoint& time, bool zoned);
  // `known_utf8`: it need not be checked again.
  bool String(const ValuePlan& plan, std::string_view text, bool known_utf8);
  void Binary(std::string_view bytes);

  // Puts quotes around what was written from `start` on.
  void Quote(size_t start);
  bool Refuse(const ValuePlan& plan, const char* reason, std::string_view what);
  bool RefuseRow(const char* reason, std::string message);
  const RowError& error() const { return error_; }

 private:
  bool NonFinite(const ValuePlan& plan, double value);
  // A number, written from `start` on, that is not exact for sure.
  bool SettleInexact(const ValuePlan& plan, size_t start);

  JsonBuffer& out_;
  RowError error_;
};

}  // namespace spillway

#endif  // SPILLWAY_TRANSFORMS_SCALAR_WRITER_H_
