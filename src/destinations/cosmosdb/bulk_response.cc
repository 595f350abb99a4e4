#include "destinations/cosmosdb/bulk_response.h"

#include <algorithm>
#include <utility>

#include "destinations/cosmosdb/cosmos_json.h"
#include "destinations/cosmosdb/response_classifier.h"

namespace spillway::cosmosdb {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

constexpr int kStatusMin = 100;
constexpr int kStatusMax = 599;

Status BadResponse(std::string why) {
  return DataLoss("the answer to a bulk request cannot be used: " + std::move(why));
}

bool IsNull(ondemand::value& value) {
  bool is_null = false;
  return value.is_null().get(is_null) == simdjson::SUCCESS && is_null;
}

error_code ReadInt(ondemand::value value, int64_t* out) {
  if (IsNull(value)) return simdjson::SUCCESS;
  double number = 0;
  const error_code error = value.get_double().get(number);
  *out = static_cast<int64_t>(number);
  return error;
}

error_code ReadDouble(ondemand::value value, double* out) {
  return IsNull(value) ? simdjson::SUCCESS : value.get_double().get(*out);
}

error_code ReadString(ondemand::value value, std::string* out) {
  if (IsNull(value)) return simdjson::SUCCESS;
  std::string_view text;
  const error_code error = value.get_string().get(text);
  out->assign(text);
  return error;
}

error_code ReadRaw(ondemand::value value, std::string* out) {
  if (IsNull(value)) return simdjson::SUCCESS;
  ondemand::object object;
  error_code error = value.get_object().get(object);
  if (error != simdjson::SUCCESS) return error;
  std::string_view text;
  error = object.raw_json().get(text);
  out->assign(text);
  return error;
}

error_code ReadMember(std::string_view name, ondemand::value value, bool with_items,
                      OperationResult* result) {
  int64_t number = 0;
  error_code error = simdjson::SUCCESS;
  if (name == "statusCode") {
    error = ReadInt(value, &number);
    result->status = static_cast<int>(number);
  } else if (name == "subStatusCode") {
    error = ReadInt(value, &number);
    result->sub_status = static_cast<int>(number);
  } else if (name == "retryAfterMilliseconds") {
    error = ReadInt(value, &number);
    result->retry_after = std::chrono::milliseconds(number);
  } else if (name == "requestCharge") {
    error = ReadDouble(value, &result->charge);
  } else if (name == "message") {
    error = ReadString(value, &result->message);
  } else if (with_items && name == "eTag") {
    error = ReadString(value, &result->etag);
  } else if (with_items && name == "resourceBody") {
    error = ReadRaw(value, &result->body);
  }
  return error;  // values that nobody asked for are skipped by the iterator
}

error_code ReadResult(ondemand::value element, bool with_items, OperationResult* result) {
  ondemand::object object;
  error_code error = element.get_object().get(object);
  if (error != simdjson::SUCCESS) return error;
  for (auto member : object) {
    ondemand::field field;
    error = std::move(member).get(field);
    if (error != simdjson::SUCCESS) return error;
    std::string_view name;
    error = field.unescaped_key().get(name);
    if (error != simdjson::SUCCESS) return error;
    error = ReadMember(name, field.value(), with_items, result);
    if (error != simdjson::SUCCESS) return error;
  }
  const bool has_status = result->status >= kStatusMin && result->status <= kStatusMax;
  return has_status ? simdjson::SUCCESS : simdjson::NO_SUCH_FIELD;
}

Status ReadAll(ondemand::parser* parser, std::string* body, bool with_items,
               std::span<OperationResult> results) {
  ondemand::document document;
  ondemand::array array;
  error_code error = parser->iterate(Padded(body)).get(document);
  if (error == simdjson::SUCCESS) error = document.get_array().get(array);
  if (error != simdjson::SUCCESS) return BadResponse(simdjson::error_message(error));
  size_t read = 0;
  for (auto item : array) {
    ondemand::value element;
    error = std::move(item).get(element);
    if (error == simdjson::SUCCESS && read < results.size()) {
      error = ReadResult(element, with_items, &results[read++]);
    } else if (error == simdjson::SUCCESS) {
      return BadResponse("it has more results than the request had operations");
    }
    if (error != simdjson::SUCCESS) return BadResponse(simdjson::error_message(error));
  }
  if (read == results.size()) return Status::Ok();
  return BadResponse("it has " + std::to_string(read) + " results for " +
                     std::to_string(results.size()) + " operations");
}

}  // namespace

struct BulkResponseParser::Buffers {
  ondemand::parser parser;
};

BulkResponseParser::BulkResponseParser() : buffers_(std::make_unique<Buffers>()) {}
BulkResponseParser::~BulkResponseParser() = default;

Status BulkResponseParser::Parse(std::string* body, bool with_items,
                                 std::span<OperationResult> results) {
  Status read = ReadAll(&buffers_->parser, body, with_items, results);
  // What was read before the fault may be another operation's.
  if (!read.ok()) std::fill(results.begin(), results.end(), OperationResult());
  return read;
}

}  // namespace spillway::cosmosdb
