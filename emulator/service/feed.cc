// Feeds: the envelope that all lists of resources come in, and pages of definitions.
#include <charconv>

#include "emulator/service/handlers.h"
#include "emulator/service/query_request.h"
#include "emulator/sql/execute.h"

namespace spillway::emulator {
namespace {

constexpr size_t kDefinitionsPageMax = 1000;
// What FeedReply writes around the rows.
constexpr size_t kEnvelopeBytesMax = 128;

// The continuation of a list of definitions is the index to go on from.
size_t DefinitionOffset(const Request& request) {
  const std::string_view token = request.Header("x-ms-continuation");
  size_t offset = 0;
  std::from_chars(token.data(), token.data() + token.size(), offset);
  return offset;
}

// What the request's query finds among the definitions.
Outcome<std::vector<std::string>> QueryDefinitions(const Context& context,
                                                   const std::vector<std::string>& items) {
  EMULATOR_TRY(const auto query, ParseQueryRequest(context));
  sql::Execution execution(query.get(), FunctionsNow(context));
  for (const std::string& item : items) execution.Add(*ParseJson(item));
  std::vector<std::string> found;
  for (const Value& row : execution.Finish()) found.push_back(ToJson(row));
  return found;
}

}  // namespace

bool PageHasRoom(size_t rows, size_t bytes, size_t more) {
  // Every row comes with a comma.
  return rows == 0 || bytes + rows + more + kEnvelopeBytesMax <= kAnswerBytesMax;
}

size_t PageSize(const Request& request, size_t fallback) {
  const std::string_view text = request.Header("x-ms-max-item-count");
  int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  return error != std::errc() || count <= 0 ? fallback : static_cast<size_t>(count);
}

Reply FeedReply(std::string_view rid, std::string_view name,
                const std::vector<std::string>& items) {
  Reply reply;
  size_t size = 64;
  for (const std::string& item : items) size += item.size() + 1;
  reply.body.reserve(size);
  reply.body.append("{\"_rid\":\"").append(rid).append("\",\"").append(name).append("\":[");
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) reply.body.push_back(',');
    reply.body.append(items[i]);
  }
  reply.body.append("],\"_count\":").append(std::to_string(items.size())).append("}");
  reply.Set("x-ms-item-count", std::to_string(items.size()));
  return reply;
}

Reply DefinitionFeed(const Context& context, std::string_view rid, std::string_view name,
                     std::vector<std::string> items) {
  if (IsQuery(context.request)) {
    EMULATOR_TRY(items, QueryDefinitions(context, items));
  }
  const size_t offset = std::min(DefinitionOffset(context.request), items.size());
  const size_t page = PageSize(context.request, kDefinitionsPageMax);
  const size_t end = std::min(items.size(), offset + page);
  const bool more = end < items.size();
  const std::vector<std::string> chosen(items.begin() + static_cast<std::ptrdiff_t>(offset),
                                        items.begin() + static_cast<std::ptrdiff_t>(end));
  Reply reply = FeedReply(rid, name, chosen);
  if (more) reply.Set("x-ms-continuation", std::to_string(end));
  return reply;
}

}  // namespace spillway::emulator
