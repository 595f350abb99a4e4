#include "emulator/service/resource_path.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <vector>

namespace spillway::emulator {
namespace {

constexpr std::array<std::string_view, 9> kUnsupportedTypes = {
    "sprocs",      "triggers",    "udfs",
    "users",       "permissions", "conflicts",
    "attachments", "media",       "clientencryptionkeys"};

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> PercentDecode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = HexDigit(text[i + 1]);
    const int low = HexDigit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded.push_back(static_cast<char>(high << 4 | low));
    i += 2;
  }
  return decoded;
}

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

Outcome<std::vector<std::string>> Segments(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  std::vector<std::string> segments;
  size_t at = 0;
  while (at < path.size()) {
    const size_t end = std::min(path.find('/', at), path.size());
    if (end > at) {
      std::optional<std::string> segment = PercentDecode(path.substr(at, end - at));
      if (!segment) return BadRequest("The request path is not properly percent-encoded.");
      segments.push_back(*std::move(segment));
    }
    at = end + 1;
  }
  return segments;
}

// "dbs/D/colls/C" of the first `count` segments.
std::string Link(const std::vector<std::string>& segments, size_t count) {
  std::string link;
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) link += '/';
    link += segments[i];
  }
  return link;
}

std::optional<ResourceKind> KindOf(const std::vector<std::string>& segments) {
  const size_t count = segments.size();
  const auto is = [&](size_t index, std::string_view name) {
    return index < count && segments[index] == name;
  };
  if (count == 0) return ResourceKind::kAccount;
  if (is(0, "offers") && count <= 2) {
    return count == 1 ? ResourceKind::kOffers : ResourceKind::kOffer;
  }
  if (!is(0, "dbs")) return std::nullopt;
  if (count <= 2) return count == 1 ? ResourceKind::kDatabases : ResourceKind::kDatabase;
  if (is(2, "colls")) {
    if (count == 3) return ResourceKind::kContainers;
    if (count == 4) return ResourceKind::kContainer;
    if (is(4, "docs") && count == 5) return ResourceKind::kItems;
    if (is(4, "docs") && count == 6) return ResourceKind::kItem;
    if (is(4, "conflicts") && count <= 6) return ResourceKind::kConflicts;
    if (is(4, "pkranges") && count == 5) return ResourceKind::kRanges;
    if (is(4, "operations") && is(5, "partitionkeydelete") && count == 6) {
      return ResourceKind::kPartitionKeyDelete;
    }
  }
  for (const std::string& segment : segments) {
    if (std::find(kUnsupportedTypes.begin(), kUnsupportedTypes.end(), segment) !=
        kUnsupportedTypes.end()) {
      return ResourceKind::kUnsupported;
    }
  }
  return std::nullopt;
}

// Feeds end with a type, which the signature takes as the type of their parent's link.
void FillSignature(const std::vector<std::string>& segments, ResourcePath* path) {
  const size_t count = segments.size();
  if (path->kind == ResourceKind::kPartitionKeyDelete) {
    path->signed_type = "colls";
    path->signed_link = Link(segments, 4);
    path->signed_rid = Lower(segments[3]);
  } else if (count % 2 == 1) {
    path->signed_type = segments.back();
    path->signed_link = Link(segments, count - 1);
    path->signed_rid = count >= 2 ? Lower(segments[count - 2]) : "";
  } else if (count >= 2) {
    path->signed_type = segments[count - 2];
    path->signed_link =
        path->kind == ResourceKind::kOffer ? Lower(segments[1]) : Link(segments, count);
    path->signed_rid = Lower(segments.back());
  }
}

}  // namespace

Outcome<ResourcePath> ParseResourcePath(std::string_view target) {
  EMULATOR_TRY(const std::vector<std::string> segments, Segments(target));
  const std::optional<ResourceKind> kind = KindOf(segments);
  if (!kind && !segments.empty() && segments[0] == "offers") {
    return BadRequest("Request url is invalid.");
  }
  if (!kind) return NotFoundError("Server could not parse the Url.");
  ResourcePath path;
  path.kind = *kind;
  FillSignature(segments, &path);
  if (path.kind == ResourceKind::kOffer) {
    path.leaf = segments[1];
    return path;
  }
  if (segments.size() > 1) path.database = segments[1];
  if (segments.size() > 3) path.container = segments[3];
  if (segments.size() > 5) path.leaf = segments[5];
  return path;
}

}  // namespace spillway::emulator
