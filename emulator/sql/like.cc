#include "emulator/sql/like.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace spillway::emulator::sql {
namespace {

struct Element {
  enum class Kind { kRun, kAny, kSet };
  Kind kind = Kind::kSet;
  bool negated = false;
  std::vector<std::pair<uint32_t, uint32_t>> ranges;

  bool Matches(uint32_t c) const {
    if (kind == Kind::kAny) return true;
    for (const auto& [low, high] : ranges) {
      if (c >= low && c <= high) return !negated;
    }
    return negated;
  }
};

// Code points; broken UTF-8 as its bytes.
std::vector<uint32_t> Characters(std::string_view text) {
  std::vector<uint32_t> characters;
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    uint32_t code = size == 1 ? first : first & (0x7F >> size);
    for (size_t k = 1; k < size && i + k < text.size(); ++k) {
      code = code << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3F);
    }
    characters.push_back(code);
    i += size;
  }
  return characters;
}

class PatternParser {
 public:
  PatternParser(std::string_view pattern, std::string_view escape) : pattern_(Characters(pattern)) {
    const std::vector<uint32_t> characters = Characters(escape);
    if (characters.size() == 1) escape_ = characters[0];
  }

  std::vector<Element> Parse() {
    std::vector<Element> elements;
    while (at_ < pattern_.size()) elements.push_back(Next());
    return elements;
  }

 private:
  Element Next() {
    Element element;
    const uint32_t c = pattern_[at_++];
    if (c == escape_ && at_ < pattern_.size()) {
      element.ranges.emplace_back(pattern_[at_], pattern_[at_]);
      ++at_;
    } else if (c == '%') {
      element.kind = Element::Kind::kRun;
    } else if (c == '_') {
      element.kind = Element::Kind::kAny;
    } else if (c == '[' && HasClose()) {
      ParseSet(&element);
    } else {
      element.ranges.emplace_back(c, c);
    }
    return element;
  }

  bool HasClose() const {
    for (size_t i = at_; i < pattern_.size(); ++i) {
      if (pattern_[i] == ']' && i > at_) return true;
    }
    return false;
  }

  void ParseSet(Element* element) {
    if (pattern_[at_] == '^') {
      element->negated = true;
      ++at_;
    }
    while (at_ < pattern_.size() && pattern_[at_] != ']') {
      const uint32_t low = pattern_[at_++];
      uint32_t high = low;
      if (at_ + 1 < pattern_.size() && pattern_[at_] == '-' && pattern_[at_ + 1] != ']') {
        high = pattern_[at_ + 1];
        at_ += 2;
      }
      element->ranges.emplace_back(low, high);
    }
    if (at_ < pattern_.size()) ++at_;
  }

  const std::vector<uint32_t> pattern_;
  uint32_t escape_ = UINT32_MAX;
  size_t at_ = 0;
};

}  // namespace

bool MatchesLike(std::string_view text, std::string_view pattern, std::string_view escape) {
  const std::vector<Element> elements = PatternParser(pattern, escape).Parse();
  const std::vector<uint32_t> characters = Characters(text);
  size_t at = 0;
  size_t element = 0;
  // Where to go on when the latest run turns out to be longer.
  size_t run_element = SIZE_MAX;
  size_t run_at = 0;
  while (at < characters.size()) {
    if (element < elements.size() && elements[element].kind == Element::Kind::kRun) {
      run_element = element++;
      run_at = at;
    } else if (element < elements.size() && elements[element].Matches(characters[at])) {
      ++element;
      ++at;
    } else if (run_element != SIZE_MAX) {
      element = run_element + 1;
      at = ++run_at;
    } else {
      return false;
    }
  }
  while (element < elements.size() && elements[element].kind == Element::Kind::kRun) ++element;
  return element == elements.size();
}

}  // namespace spillway::emulator::sql
