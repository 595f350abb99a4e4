#include "destinations/cosmosdb/cosmos_reader.h"

#include <utility>

#include "destinations/cosmosdb/cosmos_json.h"
#include "json/document_key.h"

namespace spillway::cosmosdb {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

Status BadPage(error_code error) {
  return DataLoss(std::string("a page of items cannot be read: ") + simdjson::error_message(error));
}

std::string_view TrimSpace(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
}

// True when a scalar's text is already the one that CanonicalPartitionKey gives: the usual case.
bool IsPlain(std::string_view token) {
  constexpr size_t kExactDigitsMax = 15;
  const bool number = token.front() == '-' || (token.front() >= '0' && token.front() <= '9');
  if (!number) return token.find('\\') == std::string_view::npos;
  return token.size() <= kExactDigitsMax && token != "-0" &&
         token.find_first_of(".eE") == std::string_view::npos;
}

// A value as it stands in a partition key: a missing one, and one that no key can hold, is {}.
void AppendKeyValue(ondemand::value value, std::string* out) {
  ondemand::json_type type{};
  const bool scalar = value.type().get(type) == simdjson::SUCCESS &&
                      type != ondemand::json_type::object && type != ondemand::json_type::array;
  const std::string_view token = scalar ? TrimSpace(value.raw_json_token()) : "{}";
  if (!scalar || IsPlain(token)) {
    out->append(token);
    return;
  }
  const Result<std::string> key = CanonicalPartitionKey("[" + std::string(token) + "]");
  out->append(key.ok() ? std::string_view(*key).substr(1, key->size() - 2) : token);
}

// The value at a path. An error means that the item is damaged: its iterator is dead then.
error_code AppendValueAt(ondemand::object& item, const std::vector<std::string>& names,
                         std::string* out) {
  if (const error_code error = item.reset().error()) return error;
  ondemand::value value;
  error_code error =
      names.empty() ? simdjson::NO_SUCH_FIELD : item.find_field_unordered(names.front()).get(value);
  for (size_t i = 1; i < names.size() && error == simdjson::SUCCESS; ++i) {
    error = value.find_field_unordered(names[i]).get(value);
  }
  if (error == simdjson::SUCCESS) {
    AppendKeyValue(value, out);
  } else if (error == simdjson::NO_SUCH_FIELD || error == simdjson::INCORRECT_TYPE) {
    out->append("{}");
  } else {
    return error;
  }
  return simdjson::SUCCESS;
}

}  // namespace

struct PageParser::Buffers {
  // Positions in `keys`, which moves while it grows.
  struct Item {
    std::string_view body;
    size_t id_at = 0;
    size_t key_at = 0;
    size_t end = 0;
  };
  std::vector<std::vector<std::string>> paths;
  ondemand::parser page_parser;
  std::string keys;
  std::vector<Item> items;
  std::vector<StoredDocument> documents;

  // Looks its keys up, and then for its end: the page's parser goes over each item once, or twice
  // where a key stands at the item's end.
  error_code ReadItem(ondemand::object item) {
    Item read{{}, keys.size(), 0, 0};
    std::string_view id;
    error_code error = item.find_field_unordered("id").get(id);
    if (error != simdjson::SUCCESS) return error;
    keys.append(id);
    read.key_at = keys.size();
    keys.push_back('[');
    for (size_t i = 0; i < paths.size(); ++i) {
      if (i > 0) keys.push_back(',');
      error = AppendValueAt(item, paths[i], &keys);
      if (error != simdjson::SUCCESS) return error;
    }
    keys.push_back(']');
    read.end = keys.size();
    error = item.reset().error();
    if (error == simdjson::SUCCESS) error = item.raw_json().get(read.body);
    if (error != simdjson::SUCCESS) return error;
    read.body = TrimSpace(read.body);
    items.push_back(read);
    return simdjson::SUCCESS;
  }
};

PageParser::PageParser(std::vector<std::string> partition_key_paths)
    : buffers_(std::make_unique<Buffers>()) {
  for (const std::string& path : partition_key_paths) {
    Result<std::vector<std::string>> names = ParsePartitionKeyPath(path);
    // A path that cannot be read names nothing: its value is {} in every key.
    buffers_->paths.push_back(names.ok() ? *std::move(names) : std::vector<std::string>());
  }
}

PageParser::~PageParser() = default;

Result<std::span<const StoredDocument>> PageParser::Parse(std::string* body) {
  Buffers& buffers = *buffers_;
  buffers.keys.clear();
  buffers.items.clear();
  buffers.documents.clear();
  ondemand::document page;
  ondemand::array array;
  error_code error = buffers.page_parser.iterate(Padded(body)).get(page);
  if (error == simdjson::SUCCESS) error = page.find_field_unordered("Documents").get(array);
  if (error != simdjson::SUCCESS) return BadPage(error);
  for (auto element : array) {
    ondemand::object object;
    error = element.get_object().get(object);
    if (error == simdjson::SUCCESS) error = buffers.ReadItem(object);
    if (error != simdjson::SUCCESS) return BadPage(error);
  }
  const std::string_view keys = buffers.keys;
  for (const Buffers::Item& item : buffers.items) {
    buffers.documents.push_back(
        {.body = item.body,
         .id = keys.substr(item.id_at, item.key_at - item.id_at),
         .partition_key = keys.substr(item.key_at, item.end - item.key_at)});
  }
  return std::span<const StoredDocument>(buffers.documents);
}

CosmosReader::CosmosReader(std::unique_ptr<ContainerClient> client, PartitionKeyRangeCache& ranges,
                           std::vector<std::string> partition_key_paths, std::string min,
                           std::string max)
    : client_(std::move(client)),
      pages_(*client_, ranges, std::move(min), std::move(max), ""),
      parser_(std::move(partition_key_paths)) {}

Result<std::span<const StoredDocument>> CosmosReader::NextPage(const CallContext& ctx) {
  while (!pages_.done()) {
    ASSIGN_OR_RETURN(page_, pages_.Next(ctx));
    cost_ += page_.charge;
    ASSIGN_OR_RETURN(const std::span<const StoredDocument> documents, parser_.Parse(&page_.body));
    if (!documents.empty()) return documents;  // an empty page in the middle is normal
  }
  return std::span<const StoredDocument>();
}

}  // namespace spillway::cosmosdb
