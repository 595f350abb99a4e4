#include "net/http_transport.h"

#include <strings.h>

#include <numeric>

namespace spillway {

std::string_view HttpMethodName(HttpMethod method) {
  switch (method) {
    case HttpMethod::kGet:
      return "GET";
    case HttpMethod::kPost:
      return "POST";
    case HttpMethod::kPut:
      return "PUT";
    case HttpMethod::kPatch:
      return "PATCH";
    case HttpMethod::kDelete:
      return "DELETE";
  }
  return "";
}

HttpBody::HttpBody(std::span<const std::string_view> pieces)
    : pieces_(pieces),
      size_(std::accumulate(
          pieces.begin(), pieces.end(), size_t{0},
          [](size_t size, std::string_view piece) { return size + piece.size(); })) {}

void HttpBody::JoinTo(std::string* text) const {
  text->clear();
  text->reserve(size_);
  for (const std::string_view piece : pieces()) text->append(piece);
}

void HttpHeaders::Add(std::string_view name, std::string_view value) {
  entries_.push_back({static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(name.size()),
                      static_cast<uint32_t>(value.size())});
  text_.append(name).append(value);
}

std::string_view HttpHeaders::Find(std::string_view name) const {
  for (const Entry& entry : entries_) {
    if (entry.name_size != name.size()) continue;
    const char* at = text_.data() + entry.name_at;
    if (strncasecmp(at, name.data(), name.size()) == 0) {
      return {at + entry.name_size, entry.value_size};
    }
  }
  return {};
}

void HttpHeaders::Clear() {
  text_.clear();
  entries_.clear();
}

}  // namespace spillway
