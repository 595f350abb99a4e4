#include "destinations/cosmosdb/partition_key.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>

namespace spillway::cosmosdb {
namespace {

// Reads the small JSON of a partition key from left to right.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  void SkipSpace() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }
  bool Take(char c) {
    SkipSpace();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool AtEnd() {
    SkipSpace();
    return at_ == text_.size();
  }
  bool TakeWord(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  std::optional<double> TakeNumber() {
    const std::string_view rest = text_.substr(at_);
    const size_t digit = rest.starts_with('-') ? 1 : 0;
    if (digit >= rest.size() || rest[digit] < '0' || rest[digit] > '9') return std::nullopt;
    double number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc()) return std::nullopt;
    at_ += static_cast<size_t>(end - rest.data());
    return number == 0 ? 0.0 : number;  // -0 and 0 are one key
  }
  // Behind the opening quote. The view is of the text, or of `unescaped`.
  std::optional<std::string_view> TakeString(std::string* unescaped) {
    const size_t start = at_;
    size_t stop = at_;
    while (stop < text_.size() && text_[stop] != '"' && text_[stop] != '\\') ++stop;
    if (stop == text_.size()) return std::nullopt;
    at_ = stop + 1;
    if (text_[stop] == '"') return text_.substr(start, stop - start);
    unescaped->assign(text_, start, stop - start);
    --at_;
    return TakeEscapedString(unescaped);
  }

 private:
  static bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
  std::optional<std::string_view> TakeEscapedString(std::string* unescaped) {
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return *unescaped;
      if (c != '\\') {
        unescaped->push_back(c);
      } else if (!TakeEscape(unescaped)) {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }
  bool TakeEscape(std::string* unescaped) {
    if (at_ == text_.size()) return false;
    const char c = text_[at_++];
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
    if (const size_t known = kNames.find(c); known != std::string_view::npos) {
      unescaped->push_back(kValues[known]);
      return true;
    }
    if (c != 'u') return false;
    std::optional<uint32_t> point = TakeHex();
    if (!point.has_value()) return false;
    if (*point >= 0xD800 && *point < 0xDC00) {
      if (!TakeWord("\\u")) return false;
      const std::optional<uint32_t> low = TakeHex();
      if (!low.has_value() || *low < 0xDC00 || *low > 0xDFFF) return false;
      point = 0x10000 + ((*point - 0xD800) << 10) + (*low - 0xDC00);
    } else if (*point >= 0xDC00 && *point <= 0xDFFF) {
      return false;
    }
    AppendUtf8(*point, unescaped);
    return true;
  }
  std::optional<uint32_t> TakeHex() {
    const std::string_view digits = text_.substr(at_, 4);
    uint32_t value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() < 4 || error != std::errc() || end != digits.data() + 4) return std::nullopt;
    at_ += 4;
    return value;
  }
  static void AppendUtf8(uint32_t point, std::string* out) {
    const auto tail = [&](int shift) {
      out->push_back(static_cast<char>(0x80 | (point >> shift & 0x3F)));
    };
    if (point < 0x80) {
      out->push_back(static_cast<char>(point));
    } else if (point < 0x800) {
      out->push_back(static_cast<char>(0xC0 | point >> 6)), tail(0);
    } else if (point < 0x10000) {
      out->push_back(static_cast<char>(0xE0 | point >> 12)), tail(6), tail(0);
    } else {
      out->push_back(static_cast<char>(0xF0 | point >> 18)), tail(12), tail(6), tail(0);
    }
  }

  const std::string_view text_;
  size_t at_ = 0;
};

std::optional<KeyComponent> TakeComponent(Scanner* scanner, std::string* unescaped) {
  scanner->SkipSpace();
  if (scanner->Take('"')) {
    const std::optional<std::string_view> text = scanner->TakeString(unescaped);
    if (!text.has_value()) return std::nullopt;
    return KeyComponent(*text);
  }
  if (scanner->TakeWord("null")) return KeyComponent(NullKey());
  if (scanner->TakeWord("true")) return KeyComponent(true);
  if (scanner->TakeWord("false")) return KeyComponent(false);
  if (scanner->Take('{')) {
    if (!scanner->Take('}')) return std::nullopt;
    return KeyComponent(UndefinedKey());
  }
  const std::optional<double> number = scanner->TakeNumber();
  if (!number.has_value()) return std::nullopt;
  return KeyComponent(*number);
}

}  // namespace

Status PartitionKeyValues::Parse(std::string_view json) {
  const auto bad = [&] {
    return InvalidArgument(
        "not a partition key: " + std::string(json) +
        ": it must be an array of at most three strings, numbers, booleans or nulls");
  };
  count_ = 0;
  Scanner scanner(json);
  if (!scanner.Take('[')) return bad();
  if (scanner.Take(']')) return scanner.AtEnd() ? Status::Ok() : bad();
  do {
    if (count_ == kPartitionKeyLevelsMax) return bad();
    std::optional<KeyComponent> component = TakeComponent(&scanner, &unescaped_[count_]);
    if (!component.has_value()) return bad();
    components_[count_++] = *component;
  } while (scanner.Take(','));
  return scanner.Take(']') && scanner.AtEnd() ? Status::Ok() : bad();
}

Status EpkOfText(HashKind kind, std::string_view json, std::string* epk) {
  thread_local PartitionKeyValues values;  // for each document: making one costs more than this
  RETURN_IF_ERROR(values.Parse(json));
  epk->clear();
  AppendEpk(kind, values.components(), epk);
  return Status::Ok();
}

Hash128 RouteOfEpk(std::string_view epk) {
  uint64_t halves[2] = {0, 0};
  if (epk.size() >= kRouteBytes) [[likely]] {
    std::memcpy(halves, epk.data(), kRouteBytes);
    return {__builtin_bswap64(halves[0]), __builtin_bswap64(halves[1])};
  }
  for (size_t i = 0; i < kRouteBytes; ++i) {
    const uint64_t byte = i < epk.size() ? static_cast<uint8_t>(epk[i]) : 0;
    halves[i / 8] = halves[i / 8] << 8 | byte;
  }
  return {halves[0], halves[1]};
}

std::array<char, kRouteBytes> EpkOfRoute(Hash128 route) {
  std::array<char, kRouteBytes> epk;
  for (size_t i = 0; i < kRouteBytes; ++i) {
    const uint64_t half = i < 8 ? route.high : route.low;
    epk[i] = static_cast<char>(half >> (56 - 8 * (i % 8)) & 0xFF);
  }
  return epk;
}

}  // namespace spillway::cosmosdb
