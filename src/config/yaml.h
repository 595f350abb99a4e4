// Yaml: a configuration file as a tree that knows where everything stands. Scalars stay text: the
// spec (config/spec.h) decides what a value means, so `0123`, `no` and `1e3` are what the field
// says they are. Refused, with file:line:column: duplicate keys, anchors, aliases, tags, several
// documents in a file.
#ifndef SPILLWAY_CONFIG_YAML_H_
#define SPILLWAY_CONFIG_YAML_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace spillway {

inline constexpr uint64_t kYamlBytesMax = 4 << 20;
inline constexpr uint32_t kYamlDepthMax = 32;

// Both count from 1; columns in characters. Line 0: no place in particular.
struct YamlPlace {
  uint32_t line = 0;
  uint32_t column = 0;
  uint32_t width = 1;  // characters to underline
};

struct YamlEntry;

struct YamlNode {
  enum class Kind : uint8_t { kScalar, kList, kMap };
  Kind kind = Kind::kScalar;
  YamlPlace place;
  std::string text;                // of a scalar
  bool plain = false;              // a scalar without quotes
  std::vector<YamlNode> items;     // of a list
  std::vector<YamlEntry> entries;  // of a map, in file order, keys unique

  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }
  // Nothing was written: `key:`, `~` or `null`.
  bool is_null() const;
  // The value of `key`, or nullptr. REQUIRES: is_map().
  const YamlNode* Find(std::string_view key) const;
};

struct YamlEntry {
  std::string key;
  YamlPlace key_place;
  YamlNode value;
};

struct YamlDocument {
  std::string path;  // as the user knows it, for messages
  std::string text;
  YamlNode root;  // an empty file is an empty map
};

// kInvalidArgument with place, source line and caret when the text is not YAML or uses what is
// refused.
Result<YamlDocument> ParseYaml(std::string text, std::string path);
// The same for a file; kInvalidArgument too when it cannot be read.
Result<YamlDocument> ReadYaml(const std::string& path);

}  // namespace spillway

#endif  // SPILLWAY_CONFIG_YAML_H_
