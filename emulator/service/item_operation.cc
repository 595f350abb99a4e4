#include "emulator/service/item_operation.h"

#include <cmath>

namespace spillway::emulator {
namespace {

constexpr double kTtlSecondsMax = 2147483647;
// The first byte of a document in the service's binary form, which no JSON text begins with.
constexpr char kBinaryJsonMark = '\x80';

std::optional<ServiceError> CheckId(std::string_view id) {
  if (id.empty() || id.size() > kIdBytesMax) {
    return BadRequest("The 'id' of a document must have 1 to " + std::to_string(kIdBytesMax) +
                      " bytes.");
  }
  if (id.find_first_of("/\\") != std::string_view::npos) {
    return BadRequest("The 'id' of a document must not contain '/' or '\\'.");
  }
  return std::nullopt;
}

std::optional<ServiceError> CheckTtl(const ScannedDocument& document) {
  if (!document.has_ttl) return std::nullopt;
  const double ttl = document.ttl_seconds;
  if (std::trunc(ttl) == ttl && (ttl == -1 || (ttl > 0 && ttl <= kTtlSecondsMax))) {
    return std::nullopt;
  }
  return BadRequest(
      "The input ttl is invalid. Ensure to provide a nonzero positive integer less than or equal "
      "to "
      "'2147483647', or '-1'.");
}

}  // namespace

bool WantsBody(const Request& request) {
  constexpr std::string_view kPopulate = "x-ms-cosmos-populate-content-response-on-write";
  if (request.Header("prefer") == "return=minimal") return false;
  return request.Header(kPopulate).empty() || request.Flag(kPopulate);
}

Outcome<ItemOperation> DocumentOperation(ItemOperation::Kind kind, std::string_view json,
                                         const std::optional<KeyValues>& key,
                                         const ContainerSettings& settings) {
  if (json.size() > kDocumentBytesMax) {
    ServiceError error = BadRequest("Request size is too large: a document has at most 2 MB.");
    error.status = 413;
    return error;
  }
  if (json.starts_with(kBinaryJsonMark)) {
    return BadRequest("Binary JSON is not supported by this server; send text.");
  }
  Result<ScannedDocument> scanned = settings.scanner->Scan(json);
  if (!scanned.ok()) {
    return BadRequest("The document is not valid JSON: " + std::string(scanned.status().message()));
  }
  ItemOperation operation;
  operation.kind = kind;
  operation.document = *std::move(scanned);
  if (!operation.document.id) {
    return BadRequest(
        operation.document.id_is_string
            ? "The input content is invalid because the required properties - 'id; ' - "
              "are missing"
            : "The 'id' of a document must be a string.");
  }
  operation.id = *operation.document.id;
  EMULATOR_CHECK(CheckId(operation.id));
  EMULATOR_CHECK(CheckTtl(operation.document));
  EMULATOR_TRY(const KeyValues document_key, KeyOfDocument(operation.document, settings));
  if (key && !SameKey(*key, document_key)) {
    return BadRequest(
        "PartitionKey extracted from document doesn't match the one specified in the header", 1001);
  }
  operation.epk = EpkOf(document_key, settings);
  return operation;
}

Outcome<ItemOperation> TargetOperation(ItemOperation::Kind kind, std::string id,
                                       const KeyValues& key, const ContainerSettings& settings) {
  if (key.size() != settings.partition_key_paths.size()) {
    return BadRequest(std::string(kWrongKey), 1001);
  }
  ItemOperation operation;
  operation.kind = kind;
  operation.id = std::move(id);
  operation.epk = EpkOf(key, settings);
  return operation;
}

}  // namespace spillway::emulator
