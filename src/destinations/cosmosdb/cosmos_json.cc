#include "destinations/cosmosdb/cosmos_json.h"

#include <charconv>

#include "json/copy_unescaped.h"

namespace spillway::cosmosdb {
namespace {

constexpr char kHex[] = "0123456789abcdef";
constexpr uint32_t kReplacement = 0xFFFD;

void AppendEscape(uint32_t unit, std::string* out) {
  out->append({'\\', 'u', kHex[unit >> 12 & 15], kHex[unit >> 8 & 15], kHex[unit >> 4 & 15],
               kHex[unit & 15]});
}

// The code point at `*at`, which moves behind it.
uint32_t NextCodePoint(std::string_view text, size_t* at) {
  const auto lead = static_cast<uint8_t>(text[(*at)++]);
  const int following = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC2 ? 1 : -1;
  if (following < 0 || lead > 0xF4) return kReplacement;
  uint32_t point = lead & (0x3F >> following);
  for (int i = 0; i < following; ++i) {
    if (*at == text.size() || (text[*at] & 0xC0) != 0x80) return kReplacement;
    point = point << 6 | (static_cast<uint8_t>(text[(*at)++]) & 0x3F);
  }
  return point;
}

}  // namespace

std::optional<uint32_t> WholeNumber(std::string_view text) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? std::optional(number) : std::nullopt;
}

void AppendJsonString(std::string_view utf8, std::string* out) {
  out->push_back('"');
  while (!utf8.empty()) {
    const size_t before = out->size();
    out->resize(before + utf8.size());
    const size_t copied = CopyUnescaped(utf8.data(), utf8.size(), out->data() + before);
    out->resize(before + copied);
    if (copied == utf8.size()) break;
    const char special = utf8[copied];
    if (static_cast<uint8_t>(special) < 0x20) {
      AppendEscape(static_cast<uint8_t>(special), out);
    } else {
      out->append({'\\', special});
    }
    utf8.remove_prefix(copied + 1);
  }
  out->push_back('"');
}

std::string AsciiJson(std::string_view json) {
  std::string ascii;
  ascii.reserve(json.size());
  for (size_t i = 0; i < json.size();) {
    if (static_cast<uint8_t>(json[i]) < 0x80) {
      ascii.push_back(json[i++]);
      continue;
    }
    const uint32_t point = NextCodePoint(json, &i);
    if (point < 0x10000) {
      AppendEscape(point, &ascii);
    } else {
      AppendEscape(0xD800 + ((point - 0x10000) >> 10), &ascii);
      AppendEscape(0xDC00 + ((point - 0x10000) & 0x3FF), &ascii);
    }
  }
  return ascii;
}

simdjson::padded_string_view Padded(std::string* text) {
  text->reserve(text->size() + simdjson::SIMDJSON_PADDING);
  return simdjson::padded_string_view(text->data(), text->size(), text->capacity());
}

Result<JsonDocument> JsonDocument::Parse(std::string_view text, std::string_view what) {
  JsonDocument document;
  const simdjson::error_code error = document.parser_->parse(text).get(document.root_);
  if (error != simdjson::SUCCESS) {
    return DataLoss(std::string(what) + " is not JSON: " + simdjson::error_message(error));
  }
  return document;
}

std::string_view StringMember(const simdjson::dom::element& object, std::string_view name,
                              std::string_view fallback) {
  std::string_view value;
  return object[name].get(value) == simdjson::SUCCESS ? value : fallback;
}

int64_t IntMember(const simdjson::dom::element& object, std::string_view name, int64_t fallback) {
  int64_t value = 0;
  return object[name].get(value) == simdjson::SUCCESS ? value : fallback;
}

bool BoolMember(const simdjson::dom::element& object, std::string_view name, bool fallback) {
  bool value = false;
  return object[name].get(value) == simdjson::SUCCESS ? value : fallback;
}

std::vector<simdjson::dom::element> ArrayMember(const simdjson::dom::element& object,
                                                std::string_view name) {
  simdjson::dom::array array;
  if (object[name].get(array) != simdjson::SUCCESS) return {};
  return {array.begin(), array.end()};
}

}  // namespace spillway::cosmosdb
