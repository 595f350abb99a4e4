// String functions. Positions and lengths count characters (code points); case folding is ASCII
// only.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "emulator/sql/functions.h"

namespace spillway::emulator::sql {
namespace {

using Context = const FunctionContext&;

// Bytes a REPLICATE or CONCAT may make.
constexpr size_t kStringBytesMax = 1024 * 1024;

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// Byte offsets of the characters, and of the end.
std::vector<size_t> Offsets(std::string_view text) {
  std::vector<size_t> offsets;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!IsContinuation(text[i])) offsets.push_back(i);
  }
  offsets.push_back(text.size());
  return offsets;
}

Value Slice(const std::string& text, double begin, double count) {
  const std::vector<size_t> offsets = Offsets(text);
  const double length = static_cast<double>(offsets.size() - 1);
  const double from = std::clamp(begin, 0.0, length);
  const double to = std::clamp(begin + count, from, length);
  const size_t first = offsets[static_cast<size_t>(from)];
  return text.substr(first, offsets[static_cast<size_t>(to)] - first);
}

std::string Folded(std::string text, int (*fold)(int)) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x80) {
      c = static_cast<char>(fold(static_cast<unsigned char>(c)));
    }
  }
  return text;
}

// Two strings, and whether to ignore case: what CONTAINS and its like take. False: undefined.
bool ReadPair(Arguments arguments, std::string* text, std::string* part) {
  if (!arguments[0].is_string() || !arguments[1].is_string()) return false;
  *text = arguments[0].string();
  *part = arguments[1].string();
  if (arguments.size() < 3) return true;
  if (!arguments[2].is_bool()) return false;
  if (arguments[2].boolean()) {
    *text = Folded(std::move(*text), std::tolower);
    *part = Folded(std::move(*part), std::tolower);
  }
  return true;
}

Value Concat(Arguments arguments, Context) {
  std::string text;
  for (const Value& argument : arguments) {
    if (!argument.is_string()) return {};
    text += argument.string();
    if (text.size() > kStringBytesMax) return {};
  }
  return text;
}

Value Contains(Arguments arguments, Context) {
  std::string text;
  std::string part;
  if (!ReadPair(arguments, &text, &part)) return {};
  return text.find(part) != std::string::npos;
}

Value StartsWith(Arguments arguments, Context) {
  std::string text;
  std::string part;
  if (!ReadPair(arguments, &text, &part)) return {};
  return text.starts_with(part);
}

Value EndsWith(Arguments arguments, Context) {
  std::string text;
  std::string part;
  if (!ReadPair(arguments, &text, &part)) return {};
  return text.ends_with(part);
}

Value StringEquals(Arguments arguments, Context) {
  std::string text;
  std::string part;
  if (!ReadPair(arguments, &text, &part)) return {};
  return text == part;
}

Value IndexOf(Arguments arguments, Context) {
  if (!arguments[0].is_string() || !arguments[1].is_string()) return {};
  const std::vector<size_t> offsets = Offsets(arguments[0].string());
  double start = 0;
  if (arguments.size() > 2) {
    if (!arguments[2].is_number()) return {};
    start = std::clamp(arguments[2].number(), 0.0, static_cast<double>(offsets.size() - 1));
  }
  const size_t found =
      arguments[0].string().find(arguments[1].string(), offsets[static_cast<size_t>(start)]);
  if (found == std::string::npos) return -1;
  return static_cast<double>(std::lower_bound(offsets.begin(), offsets.end(), found) -
                             offsets.begin());
}

Value Left(Arguments arguments, Context) {
  if (!arguments[0].is_string() || !arguments[1].is_number()) return {};
  return Slice(arguments[0].string(), 0, arguments[1].number());
}

Value Right(Arguments arguments, Context) {
  if (!arguments[0].is_string() || !arguments[1].is_number()) return {};
  const double length = static_cast<double>(Offsets(arguments[0].string()).size() - 1);
  const double count = std::clamp(arguments[1].number(), 0.0, length);
  return Slice(arguments[0].string(), length - count, count);
}

Value Substring(Arguments arguments, Context) {
  if (!arguments[0].is_string() || !arguments[1].is_number() || !arguments[2].is_number()) {
    return {};
  }
  return Slice(arguments[0].string(), arguments[1].number(), arguments[2].number());
}

Value Length(Arguments arguments, Context) {
  if (!arguments[0].is_string()) return {};
  return static_cast<double>(Offsets(arguments[0].string()).size() - 1);
}

Value Lower(Arguments arguments, Context) {
  return arguments[0].is_string() ? Value(Folded(arguments[0].string(), std::tolower)) : Value();
}

Value Upper(Arguments arguments, Context) {
  return arguments[0].is_string() ? Value(Folded(arguments[0].string(), std::toupper)) : Value();
}

Value TrimEnds(Arguments arguments, bool left, bool right) {
  for (const Value& argument : arguments) {
    if (!argument.is_string()) return {};
  }
  std::string_view text = arguments[0].string();
  const std::string characters = arguments.size() > 1 ? arguments[1].string() : " \t\r\n\v\f";
  if (left) text.remove_prefix(std::min(text.find_first_not_of(characters), text.size()));
  if (right) text = text.substr(0, text.find_last_not_of(characters) + 1);
  return text;
}

Value Trim(Arguments arguments, Context) {
  return TrimEnds(arguments, true, true);
}
Value LeftTrim(Arguments arguments, Context) {
  return TrimEnds(arguments, true, false);
}
Value RightTrim(Arguments arguments, Context) {
  return TrimEnds(arguments, false, true);
}

Value Replace(Arguments arguments, Context) {
  for (const Value& argument : arguments) {
    if (!argument.is_string()) return {};
  }
  const std::string& part = arguments[1].string();
  if (part.empty()) return arguments[0];
  std::string text;
  std::string_view rest = arguments[0].string();
  for (size_t at = rest.find(part); at != std::string_view::npos; at = rest.find(part)) {
    text.append(rest.substr(0, at)).append(arguments[2].string());
    rest.remove_prefix(at + part.size());
    if (text.size() > kStringBytesMax) return {};
  }
  return text.append(rest);
}

Value Replicate(Arguments arguments, Context) {
  if (!arguments[0].is_string() || !arguments[1].is_number()) return {};
  const double count = arguments[1].number();
  if (!(count >= 0) || count * static_cast<double>(arguments[0].string().size()) >
                           static_cast<double>(kStringBytesMax)) {
    return {};
  }
  std::string text;
  if (arguments[0].string().empty()) return text;
  for (double i = 0; i < std::floor(count); ++i) text += arguments[0].string();
  return text;
}

Value Reverse(Arguments arguments, Context) {
  if (!arguments[0].is_string()) return {};
  const std::string& text = arguments[0].string();
  const std::vector<size_t> offsets = Offsets(text);
  std::string reversed;
  for (size_t i = offsets.size() - 1; i > 0; --i) {
    reversed.append(text, offsets[i - 1], offsets[i] - offsets[i - 1]);
  }
  return reversed;
}

Value ToStringFunction(Arguments arguments, Context) {
  if (arguments[0].is_undefined()) return {};
  return arguments[0].is_string() ? arguments[0] : Value(ToJson(arguments[0]));
}

// The text as JSON of one type, else undefined.
Value FromText(const Value& argument, Value::Type type) {
  if (!argument.is_string()) return {};
  Result<Value> parsed = ParseJson(argument.string());
  return parsed.ok() && parsed->type() == type ? *std::move(parsed) : Value();
}

Value StringToArray(Arguments arguments, Context) {
  return FromText(arguments[0], Value::Type::kArray);
}
Value StringToBoolean(Arguments arguments, Context) {
  return FromText(arguments[0], Value::Type::kBool);
}
Value StringToNull(Arguments arguments, Context) {
  return FromText(arguments[0], Value::Type::kNull);
}
Value StringToNumber(Arguments arguments, Context) {
  return FromText(arguments[0], Value::Type::kNumber);
}
Value StringToObject(Arguments arguments, Context) {
  return FromText(arguments[0], Value::Type::kObject);
}

Value StringJoin(Arguments arguments, Context) {
  if (!arguments[0].is_array() || !arguments[1].is_string()) return {};
  std::string text;
  for (const Value& item : arguments[0].array()) {
    if (!item.is_string()) return {};
    if (&item != &arguments[0].array().front()) text += arguments[1].string();
    text += item.string();
    if (text.size() > kStringBytesMax) return {};
  }
  return text;
}

Value StringSplit(Arguments arguments, Context) {
  if (!arguments[0].is_string() || !arguments[1].is_string()) return {};
  const std::string& separator = arguments[1].string();
  if (separator.empty()) return {};
  Array parts;
  std::string_view rest = arguments[0].string();
  for (size_t at = rest.find(separator); at != std::string_view::npos; at = rest.find(separator)) {
    parts.emplace_back(rest.substr(0, at));
    rest.remove_prefix(at + separator.size());
  }
  parts.emplace_back(rest);
  return parts;
}

constexpr size_t kAny = 1000;

constexpr Function kFunctions[] = {
    {"CONCAT", 2, kAny, Concat},
    {"CONTAINS", 2, 3, Contains},
    {"STARTSWITH", 2, 3, StartsWith},
    {"ENDSWITH", 2, 3, EndsWith},
    {"STRINGEQUALS", 2, 3, StringEquals},
    {"INDEX_OF", 2, 3, IndexOf},
    {"LEFT", 2, 2, Left},
    {"RIGHT", 2, 2, Right},
    {"SUBSTRING", 3, 3, Substring},
    {"LENGTH", 1, 1, Length},
    {"LOWER", 1, 1, Lower},
    {"UPPER", 1, 1, Upper},
    {"TRIM", 1, 2, Trim},
    {"LTRIM", 1, 2, LeftTrim},
    {"RTRIM", 1, 2, RightTrim},
    {"REPLACE", 3, 3, Replace},
    {"REPLICATE", 2, 2, Replicate},
    {"REVERSE", 1, 1, Reverse},
    {"TOSTRING", 1, 1, ToStringFunction},
    {"STRINGTOARRAY", 1, 1, StringToArray},
    {"STRINGTOBOOLEAN", 1, 1, StringToBoolean},
    {"STRINGTONULL", 1, 1, StringToNull},
    {"STRINGTONUMBER", 1, 1, StringToNumber},
    {"STRINGTOOBJECT", 1, 1, StringToObject},
    {"STRINGJOIN", 2, 2, StringJoin},
    {"STRINGSPLIT", 2, 2, StringSplit},
};

}  // namespace

std::span<const Function> StringFunctions() {
  return kFunctions;
}

}  // namespace spillway::emulator::sql
