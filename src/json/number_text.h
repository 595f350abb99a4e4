// Numbers as JSON text. Doubles are written as ECMAScript prints them (ECMA-262,
// section 6.1.6.1.20, Number::toString): the shortest digits that read back as the same double; so
// a store that keeps numbers as doubles gives back the text that we wrote. Minus zero is written 0:
// it equals zero, and readers disagree about its sign.
#ifndef SPILLWAY_JSON_NUMBER_TEXT_H_
#define SPILLWAY_JSON_NUMBER_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace spillway {

inline constexpr size_t kNumberBytesMax = 32;   // of one written double, float or 64-bit integer
inline constexpr size_t kDecimalBytesMax = 80;  // of one written decimal

// Each writes at most kNumberBytesMax bytes and returns the end. REQUIRES: finite.
char* WriteDouble(double value, char* out);
// The shortest digits that read back as the same float: 0.1f is 0.1, not 0.10000000149011612.
char* WriteFloat(float value, char* out);
char* WriteInteger(int64_t value, char* out);
char* WriteUnsigned(uint64_t value, char* out);

// All digits, never an exponent; at most kDecimalBytesMax bytes. With `trim`, zeros at the end of
// the fraction are left out: 12.50 is 12.5 and 3.00 is 3.
char* WriteDecimal(__int128 unscaled, int scale, bool trim, char* out);

// Two decimal digits of a value below 100.
inline char* WriteTwoDigits(uint32_t value, char* out) {
  static constexpr char kPairs[] =
      "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
      "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
      "8081828384858687888990919293949596979899";
  std::memcpy(out, kPairs + value * 2, 2);
  return out + 2;
}

// Whether a decimal number survives a store of doubles: read as the nearest double and printed with
// the shortest digits it has the same value. 12.95 does, 9007199254740993 does not.
// REQUIRES: a plain JSON number.
bool SurvivesDouble(std::string_view number);

// Whether an integer does, without looking at its digits: every one up to 2^53 in magnitude.
inline bool IsSmallInteger(int64_t value) {
  constexpr int64_t kExactMax = int64_t{1} << 53;
  return value >= -kExactMax && value <= kExactMax;
}

}  // namespace spillway

#endif  // SPILLWAY_JSON_NUMBER_TEXT_H_
