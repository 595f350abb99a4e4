#include "destinations/cosmosdb/query_results.h"

#include "destinations/cosmosdb/cosmos_json.h"

namespace spillway::cosmosdb {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

error_code RawText(ondemand::value value, std::string_view* text) {
  ondemand::json_type type{};
  error_code error = value.type().get(type);
  if (error != simdjson::SUCCESS) return error;
  if (type == ondemand::json_type::object) {
    ondemand::object object;
    error = value.get_object().get(object);
    return error != simdjson::SUCCESS ? error : object.raw_json().get(*text);
  }
  if (type == ondemand::json_type::array) {
    ondemand::array array;
    error = value.get_array().get(array);
    return error != simdjson::SUCCESS ? error : array.raw_json().get(*text);
  }
  *text = value.raw_json_token();
  return simdjson::SUCCESS;
}

}  // namespace

Status CheckParameters(std::string_view parameters) {
  if (parameters.empty()) return Status::Ok();
  const Result<JsonDocument> json = JsonDocument::Parse(parameters, "the query's parameters");
  if (json.ok() && json->root().is_array()) return Status::Ok();
  return InvalidArgument("query parameters must be a JSON array of names and values");
}

std::string QueryBody(std::string_view sql, std::string_view parameters) {
  std::string body = "{\"query\":";
  AppendJsonString(sql, &body);
  body.append(",\"parameters\":").append(parameters.empty() ? "[]" : parameters);
  return body + "}";
}

Status ForEachResult(std::string* body, const std::function<Status(std::string_view)>& take) {
  ondemand::parser parser;
  ondemand::document page;
  ondemand::array array;
  error_code error = parser.iterate(Padded(body)).get(page);
  if (error == simdjson::SUCCESS) error = page.find_field_unordered("Documents").get(array);
  if (error != simdjson::SUCCESS) return DataLoss("a page of results cannot be read");
  for (auto item : array) {
    ondemand::value value;
    std::string_view text;
    error = std::move(item).get(value);
    if (error == simdjson::SUCCESS) error = RawText(value, &text);
    if (error != simdjson::SUCCESS) return DataLoss("a page of results cannot be read");
    RETURN_IF_ERROR(take(text.substr(0, text.find_last_not_of(" \t\r\n") + 1)));
  }
  return Status::Ok();
}

}  // namespace spillway::cosmosdb
