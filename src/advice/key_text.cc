#include "advice/key_text.h"

namespace spillway {
namespace {

// Where the value that begins at `at` ends.
size_t EndOfValue(std::string_view key, size_t at) {
  if (key[at] != '"') return key.find_first_of(",]", at);
  for (++at; key[at] != '"'; ++at) {
    if (key[at] == '\\') ++at;
  }
  return at + 1;
}

// A string without its quotes; null and absent values are nothing.
std::string_view Bare(std::string_view part) {
  if (part == kMissingPart || part == kNullPart) return {};
  return part.starts_with('"') ? part.substr(1, part.size() - 2) : part;
}

}  // namespace

void SplitKey(std::string_view key, std::vector<std::string_view>* parts) {
  parts->clear();
  for (size_t at = 1; at + 1 < key.size();) {
    const size_t end = EndOfValue(key, at);
    parts->push_back(key.substr(at, end - at));
    at = end + 1;
  }
}

void MakeLevels(std::span<const std::string_view> parts, std::string* key) {
  key->assign("[");
  for (const std::string_view part : parts) {
    if (key->size() > 1) key->push_back(',');
    key->append(part);
  }
  key->push_back(']');
}

void MakeJoined(std::span<const std::string_view> parts, std::string* key) {
  key->assign("[\"");
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) key->push_back(kJoinSeparator);
    key->append(Bare(parts[i]));
  }
  key->append("\"]");
}

uint64_t ValueBytes(std::string_view part) {
  const std::string_view bare = Bare(part);
  uint64_t bytes = bare.size();
  if (!part.starts_with('"')) return bytes;
  for (size_t i = 0; i + 1 < bare.size(); ++i) {
    if (bare[i] != '\\') continue;
    const size_t escape_bytes = bare[i + 1] == 'u' ? 6 : 2;
    bytes -= escape_bytes - 1;
    i += escape_bytes - 1;
  }
  return bytes;
}

}  // namespace spillway
