// Array, object and type functions.
#include <algorithm>
#include <cmath>

#include "emulator/sql/functions.h"

namespace spillway::emulator::sql {
namespace {

using Context = const FunctionContext&;

bool Has(const Array& array, const Value& wanted) {
  return std::find(array.begin(), array.end(), wanted) != array.end();
}

// An object that has at least the members of `wanted`.
bool PartlyMatches(const Value& value, const Value& wanted) {
  if (!value.is_object() || !wanted.is_object()) return value == wanted;
  return std::all_of(wanted.object().begin(), wanted.object().end(), [&](const Member& member) {
    return PartlyMatches(value[member.first], member.second);
  });
}

Value ArrayConcat(Arguments arguments, Context) {
  Array joined;
  for (const Value& argument : arguments) {
    if (!argument.is_array()) return {};
    joined.insert(joined.end(), argument.array().begin(), argument.array().end());
  }
  return joined;
}

Value ArrayContains(Arguments arguments, Context) {
  if (!arguments[0].is_array()) return {};
  const bool partial = arguments.size() > 2 && arguments[2].is_bool() && arguments[2].boolean();
  const Array& array = arguments[0].array();
  if (!partial) return Has(array, arguments[1]);
  return std::any_of(array.begin(), array.end(),
                     [&](const Value& item) { return PartlyMatches(item, arguments[1]); });
}

// ARRAY_CONTAINS_ANY(array, a, b, …)
Value ArrayContainsAny(Arguments arguments, Context) {
  if (!arguments[0].is_array()) return {};
  return std::any_of(arguments.begin() + 1, arguments.end(),
                     [&](const Value& wanted) { return Has(arguments[0].array(), wanted); });
}

Value ArrayContainsAll(Arguments arguments, Context) {
  if (!arguments[0].is_array()) return {};
  return std::all_of(arguments.begin() + 1, arguments.end(),
                     [&](const Value& wanted) { return Has(arguments[0].array(), wanted); });
}

Value ArrayLength(Arguments arguments, Context) {
  if (!arguments[0].is_array()) return {};
  return static_cast<double>(arguments[0].array().size());
}

Value ArraySlice(Arguments arguments, Context) {
  if (!arguments[0].is_array() || !arguments[1].is_number()) return {};
  const Array& array = arguments[0].array();
  const double length = static_cast<double>(array.size());
  double begin = std::trunc(arguments[1].number());
  if (begin < 0) begin = std::max(0.0, length + begin);
  begin = std::min(begin, length);
  double count = length;
  if (arguments.size() > 2) {
    if (!arguments[2].is_number()) return {};
    count = std::trunc(arguments[2].number());
  }
  const double end = std::clamp(begin + count, begin, length);
  return Array(array.begin() + static_cast<std::ptrdiff_t>(begin),
               array.begin() + static_cast<std::ptrdiff_t>(end));
}

Value SetIntersect(Arguments arguments, Context) {
  if (!arguments[0].is_array() || !arguments[1].is_array()) return {};
  Array common;
  for (const Value& item : arguments[0].array()) {
    if (Has(arguments[1].array(), item) && !Has(common, item)) common.push_back(item);
  }
  return common;
}

Value SetUnion(Arguments arguments, Context) {
  if (!arguments[0].is_array() || !arguments[1].is_array()) return {};
  Array all;
  for (const Value& argument : arguments) {
    for (const Value& item : argument.array()) {
      if (!Has(all, item)) all.push_back(item);
    }
  }
  return all;
}

Value SetDifference(Arguments arguments, Context) {
  if (!arguments[0].is_array() || !arguments[1].is_array()) return {};
  Array rest;
  for (const Value& item : arguments[0].array()) {
    if (!Has(arguments[1].array(), item) && !Has(rest, item)) rest.push_back(item);
  }
  return rest;
}

Value Choose(Arguments arguments, Context) {
  if (!arguments[0].is_number()) return {};
  const double index = std::trunc(arguments[0].number());
  if (!(index >= 1) || index >= static_cast<double>(arguments.size())) return {};
  return arguments[static_cast<size_t>(index)];
}

Value ObjectToArray(Arguments arguments, Context) {
  if (!arguments[0].is_object()) return {};
  const std::string key =
      arguments.size() > 1 && arguments[1].is_string() ? arguments[1].string() : "k";
  const std::string value =
      arguments.size() > 2 && arguments[2].is_string() ? arguments[2].string() : "v";
  Array pairs;
  for (const Member& member : arguments[0].object()) {
    pairs.emplace_back(Object{{key, member.first}, {value, member.second}});
  }
  return pairs;
}

template <bool (Value::*kTest)() const>
Value Is(Arguments arguments, Context) {
  return (arguments[0].*kTest)();
}

Value IsDefined(Arguments arguments, Context) {
  return !arguments[0].is_undefined();
}

Value IsPrimitive(Arguments arguments, Context) {
  const Value& value = arguments[0];
  return !value.is_undefined() && !value.is_array() && !value.is_object();
}

Value IsInteger(Arguments arguments, Context) {
  const Value& value = arguments[0];
  return value.is_number() && std::trunc(value.number()) == value.number() &&
         std::fabs(value.number()) < 9223372036854775808.0;
}

Value IsFiniteNumber(Arguments arguments, Context) {
  return arguments[0].is_number() && std::isfinite(arguments[0].number());
}

Value Iif(Arguments arguments, Context) {
  return arguments[0].is_bool() && arguments[0].boolean() ? arguments[1] : arguments[2];
}

constexpr size_t kAny = 1000;

constexpr Function kArrayFunctions[] = {
    {"ARRAY_CONCAT", 2, kAny, ArrayConcat},
    {"ARRAY_CONTAINS", 2, 3, ArrayContains},
    {"ARRAY_CONTAINS_ANY", 2, kAny, ArrayContainsAny},
    {"ARRAY_CONTAINS_ALL", 2, kAny, ArrayContainsAll},
    {"ARRAY_LENGTH", 1, 1, ArrayLength},
    {"ARRAY_SLICE", 2, 3, ArraySlice},
    {"SETINTERSECT", 2, 2, SetIntersect},
    {"SETUNION", 2, 2, SetUnion},
    {"SETDIFFERENCE", 2, 2, SetDifference},
    {"CHOOSE", 2, kAny, Choose},
    {"OBJECTTOARRAY", 1, 3, ObjectToArray},
};

constexpr Function kTypeFunctions[] = {
    {"IS_ARRAY", 1, 1, Is<&Value::is_array>},
    {"IS_BOOL", 1, 1, Is<&Value::is_bool>},
    {"IS_DEFINED", 1, 1, IsDefined},
    {"IS_FINITE_NUMBER", 1, 1, IsFiniteNumber},
    {"IS_INTEGER", 1, 1, IsInteger},
    {"IS_NULL", 1, 1, Is<&Value::is_null>},
    {"IS_NUMBER", 1, 1, Is<&Value::is_number>},
    {"IS_OBJECT", 1, 1, Is<&Value::is_object>},
    {"IS_PRIMITIVE", 1, 1, IsPrimitive},
    {"IS_STRING", 1, 1, Is<&Value::is_string>},
    {"IIF", 3, 3, Iif},
};

}  // namespace

std::span<const Function> ArrayFunctions() {
  return kArrayFunctions;
}
std::span<const Function> TypeFunctions() {
  return kTypeFunctions;
}

}  // namespace spillway::emulator::sql
