// The JSON that the Cosmos DB client reads and writes by hand: strings out, small metadata
// documents in.
#ifndef SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_JSON_H_
#define SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_JSON_H_

#include <simdjson.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace spillway::cosmosdb {

// Appends `utf8` as a quoted JSON string; UTF-8 stays as it is.
void AppendJsonString(std::string_view utf8, std::string* out);

// The same JSON text with every character outside ASCII as \uXXXX, as HTTP headers need it.
// REQUIRES: `json` is JSON, so that such characters stand inside strings only. Bytes that are not
// UTF-8 become U+FFFD.
std::string AsciiJson(std::string_view json);

// A number that stands as text, in a header or a string; nullopt: it is none, or too large.
std::optional<uint32_t> WholeNumber(std::string_view text);

// A view of `text` with room behind it as simdjson needs it: grows the capacity, keeps the content.
simdjson::padded_string_view Padded(std::string* text);

// One parsed document; the elements live as long as it does.
class JsonDocument {
 public:
  // kDataLoss when the text is not JSON; `what` says whose text it is.
  static Result<JsonDocument> Parse(std::string_view text, std::string_view what);
  const simdjson::dom::element& root() const { return root_; }

 private:
  JsonDocument() : parser_(std::make_unique<simdjson::dom::parser>()) {}
  std::unique_ptr<simdjson::dom::parser> parser_;
  simdjson::dom::element root_;
};

// A member of an object; the fallback when it is missing or of another type.
std::string_view StringMember(const simdjson::dom::element& object, std::string_view name,
                              std::string_view fallback = {});
int64_t IntMember(const simdjson::dom::element& object, std::string_view name,
                  int64_t fallback = 0);
bool BoolMember(const simdjson::dom::element& object, std::string_view name, bool fallback = false);
// Empty when missing or no array.
std::vector<simdjson::dom::element> ArrayMember(const simdjson::dom::element& object,
                                                std::string_view name);

}  // namespace spillway::cosmosdb

#endif  // SPILLWAY_DESTINATIONS_COSMOSDB_COSMOS_JSON_H_
