// KeyText: a document's key as rejected rows name it: a JSON array of partition key and id.
#ifndef SPILLWAY_ENGINE_KEY_TEXT_H_
#define SPILLWAY_ENGINE_KEY_TEXT_H_

#include <string>
#include <string_view>

#include "json/json_buffer.h"
#include "model/document.h"

namespace spillway {

// "[["a",5],"id"]": for people, and to find the row again. The same as the encoder's own.
inline std::string KeyText(std::string_view partition_key, std::string_view id) {
  std::string key;
  JsonBuffer json(&key);
  json.Append("[");
  json.Append(partition_key);
  json.Append(",");
  json.AppendString(id);
  json.Append("]");
  json.Finish();
  return key;
}

inline std::string KeyText(const Document& document) {
  return KeyText(document.partition_key, document.id);
}

// Whether such a text is of this id, and of this partition key unless that is empty.
inline bool IsKeyText(std::string_view key, std::string_view partition_key, std::string_view id) {
  const std::string whole = KeyText(partition_key, id);
  return partition_key.empty() ? key.ends_with(std::string_view(whole).substr(1)) : key == whole;
}

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_KEY_TEXT_H_
