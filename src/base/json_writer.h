// JsonWriter: small JSON for people and scripts: command results, schemas, reports. Not for
// documents: those have an encoder of their own (transforms/document_encoder.h).
#ifndef SPILLWAY_BASE_JSON_WRITER_H_
#define SPILLWAY_BASE_JSON_WRITER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace spillway {

// `text` in quotes, escaped as RFC 8259 section 7 asks. Bytes above 0x7F pass as they are.
std::string JsonQuoted(std::string_view text);

// Appends in document order. The caller keeps objects and arrays balanced. Not thread-safe.
class JsonWriter {
 public:
  // `indent` 0 writes one line.
  explicit JsonWriter(uint32_t indent = 0) : indent_(indent) {}

  JsonWriter& BeginObject() { return Begin('{'); }
  JsonWriter& EndObject() { return End('}'); }
  JsonWriter& BeginArray() { return Begin('['); }
  JsonWriter& EndArray() { return End(']'); }
  JsonWriter& Key(std::string_view name);
  JsonWriter& String(std::string_view value) { return Raw(JsonQuoted(value)); }
  JsonWriter& Int(int64_t value) { return Raw(std::to_string(value)); }
  JsonWriter& Uint(uint64_t value) { return Raw(std::to_string(value)); }
  // The shortest text that reads back as `value`; null when it is not finite.
  JsonWriter& Double(double value);
  JsonWriter& Bool(bool value) { return Raw(value ? "true" : "false"); }
  JsonWriter& Null() { return Raw("null"); }
  // REQUIRES: `json` is one complete JSON value.
  JsonWriter& Raw(std::string_view json);

  JsonWriter& Field(std::string_view name, std::string_view value) {
    return Key(name).String(value);
  }
  JsonWriter& Field(std::string_view name, const char* value) { return Key(name).String(value); }
  JsonWriter& Field(std::string_view name, const std::string& value) {
    return Key(name).String(value);
  }
  JsonWriter& Field(std::string_view name, int64_t value) { return Key(name).Int(value); }
  JsonWriter& Field(std::string_view name, uint64_t value) { return Key(name).Uint(value); }
  JsonWriter& Field(std::string_view name, uint32_t value) { return Key(name).Uint(value); }
  JsonWriter& Field(std::string_view name, double value) { return Key(name).Double(value); }
  JsonWriter& Field(std::string_view name, bool value) { return Key(name).Bool(value); }

  const std::string& text() const { return text_; }

 private:
  JsonWriter& Begin(char bracket);
  JsonWriter& End(char bracket);
  void Separate();
  void NewLine();

  uint32_t indent_;
  std::string text_;
  std::vector<bool> has_items_;  // per open bracket
  bool after_key_ = false;
};

}  // namespace spillway

#endif  // SPILLWAY_BASE_JSON_WRITER_H_
