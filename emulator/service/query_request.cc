#include "emulator/service/query_request.h"

#include "emulator/sql/parser.h"

namespace spillway::emulator {
namespace {

// The service wraps what its compiler says into the message, as JSON.
ServiceError CompilerError(const Status& status) {
  const Value error = Object{{"severity", "Error"},
                             {"location", Object{{"start", 0}, {"end", 0}}},
                             {"code", "SC1001"},
                             {"message", status.message()}};
  return BadRequest("Message: " + ToJson(Object{{"errors", Array{error}}}));
}

Outcome<sql::Parameters> ParametersOf(const Value& body) {
  sql::Parameters parameters;
  const Value& list = body["parameters"];
  if (!list.is_array()) return parameters;
  for (const Value& parameter : list.array()) {
    const Value& name = parameter["name"];
    if (!name.is_string() || !name.string().starts_with('@')) {
      return BadRequest("A query parameter needs a name that starts with '@'.");
    }
    parameters.insert_or_assign(name.string(), parameter["value"]);
  }
  return parameters;
}

}  // namespace

bool IsQuery(const Request& request) {
  const std::string_view type = request.Header("content-type");
  return request.Flag("x-ms-documentdb-isquery") || request.Flag("x-ms-documentdb-query") ||
         type.starts_with("application/query+json") || type.starts_with("application/sql");
}

Outcome<std::unique_ptr<sql::Query>> ParseQueryRequest(const Context& context) {
  const Request& request = context.request;
  std::string text;
  sql::Parameters parameters;
  if (request.Header("content-type").starts_with("application/sql")) {
    text = request.body;
  } else {
    const Result<Value> body = ParseJson(request.body);
    if (!body.ok() || !(*body)["query"].is_string()) {
      return BadRequest("The request body must be a JSON object with a string 'query'.");
    }
    text = (*body)["query"].string();
    EMULATOR_TRY(parameters, ParametersOf(*body));
  }
  const std::string_view version = request.Header("x-ms-version");
  const auto ordered_aggregates = version.empty() || version >= "2018-12-31"
                                      ? sql::OrderedAggregates::kRefused
                                      : sql::OrderedAggregates::kUnordered;
  Result<std::unique_ptr<sql::Query>> query = sql::ParseQuery(text, parameters, ordered_aggregates);
  if (!query.ok()) return CompilerError(query.status());
  return *std::move(query);
}

sql::FunctionContext FunctionsNow(const Context& context) {
  sql::FunctionContext functions;
  functions.now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                         context.account.clock.WallNow().time_since_epoch())
                         .count();
  return functions;
}

}  // namespace spillway::emulator
