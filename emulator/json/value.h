// Value: a JSON value, plus the "undefined" of the query language, for everything the server has to
// look into: definitions, queries, patches. Documents on the write path are never turned into
// Values.
#ifndef SPILLWAY_EMULATOR_JSON_VALUE_H_
#define SPILLWAY_EMULATOR_JSON_VALUE_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace spillway::emulator {

// Nesting a document, a patch or a definition may have (service quotas: 128).
inline constexpr int kNestingMax = 128;

class Value;
using Array = std::vector<Value>;
using Member = std::pair<std::string, Value>;
// In the order of the text. Small in practice, so looked up from the front.
using Object = std::vector<Member>;

// Cheap to copy: arrays and objects are shared and copied on first write.
class Value {
 public:
  struct Undefined {};
  struct Null {};
  enum class Type { kUndefined, kNull, kBool, kNumber, kString, kArray, kObject };

  Value() = default;  // undefined
  Value(Null) : rep_(Null{}) {}
  Value(bool value) : rep_(value) {}
  Value(double value) : rep_(value) {}
  Value(int value) : rep_(static_cast<double>(value)) {}
  Value(uint64_t value) : rep_(static_cast<double>(value)) {}
  Value(int64_t value) : rep_(static_cast<double>(value)) {}
  Value(std::string value) : rep_(std::move(value)) {}
  Value(std::string_view value) : rep_(std::string(value)) {}
  Value(const char* value) : rep_(std::string(value)) {}
  Value(Array value) : rep_(std::make_shared<Array>(std::move(value))) {}
  Value(Object value) : rep_(std::make_shared<Object>(std::move(value))) {}

  Type type() const { return static_cast<Type>(rep_.index()); }
  bool is_undefined() const { return type() == Type::kUndefined; }
  bool is_null() const { return type() == Type::kNull; }
  bool is_bool() const { return type() == Type::kBool; }
  bool is_number() const { return type() == Type::kNumber; }
  bool is_string() const { return type() == Type::kString; }
  bool is_array() const { return type() == Type::kArray; }
  bool is_object() const { return type() == Type::kObject; }

  // REQUIRES: the type.
  bool boolean() const { return std::get<bool>(rep_); }
  double number() const { return std::get<double>(rep_); }
  const std::string& string() const { return std::get<std::string>(rep_); }
  const Array& array() const { return *std::get<std::shared_ptr<Array>>(rep_); }
  const Object& object() const { return *std::get<std::shared_ptr<Object>>(rep_); }
  Array& MutableArray();
  Object& MutableObject();

  // The member or element, else undefined; also when this is no object or array.
  const Value& operator[](std::string_view name) const;
  const Value& At(size_t index) const;
  // REQUIRES: is_object(). Replaces or appends.
  void Set(std::string_view name, Value value);
  bool Erase(std::string_view name);
  // nullptr when absent. REQUIRES: is_object().
  Value* FindMutable(std::string_view name);

 private:
  std::variant<Undefined, Null, bool, double, std::string, std::shared_ptr<Array>,
               std::shared_ptr<Object>>
      rep_;
};

// Deep equality; numbers as doubles, members in any order; undefined equals only undefined.
bool operator==(const Value& a, const Value& b);

// One JSON text. Fails with kInvalidArgument on anything else, deeper nesting or invalid UTF-8.
Result<Value> ParseJson(std::string_view text);

// Undefined is written as null at the top and inside arrays, and left out of objects.
void AppendJson(const Value& value, std::string* out);
std::string ToJson(const Value& value);
// With quotes.
void AppendJsonString(std::string_view text, std::string* out);
// The text with every byte that is not UTF-8 replaced by '?': for messages that quote what a client
// sent.
std::string ReplaceInvalidUtf8(std::string_view text);
// The shortest text that reads back as the same double; integers without a fraction.
void AppendJsonNumber(double number, std::string* out);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_JSON_VALUE_H_
