// The master-key signature of requests (cosmos-protocol: "Master key"; the REST documentation's
// "Access control in the Azure Cosmos DB SQL API" has the published vector that the test holds).
#ifndef SPILLWAY_EMULATOR_SERVICE_SIGNATURE_H_
#define SPILLWAY_EMULATOR_SERVICE_SIGNATURE_H_

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "emulator/service/http_message.h"
#include "emulator/service/resource_path.h"

namespace spillway::emulator {

// The public key of every local Cosmos DB server, from the service's documentation. Not a secret.
inline constexpr std::string_view kWellKnownKey =
    "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==";

// How far a request's date may be from the server's clock.
inline constexpr std::chrono::minutes kClockSkewMax{15};

// Decodes %xx; what is no valid escape stays as it is.
std::string UrlDecode(std::string_view text);

// Base64 of the HMAC-SHA256. `key` is binary; the date is lower-cased here.
std::string Sign(std::string_view key, std::string_view verb, std::string_view type,
                 std::string_view link, std::string_view date);

// "Tue, 01 Nov 2022 08:00:00 GMT"; nullopt when it is not of this form (RFC 9110, section 5.6.7).
std::optional<WallTime> ParseRfc1123(std::string_view text);

// nullopt when the request is signed with `key`; 401, or 403 for a skewed clock, when not.
std::optional<ServiceError> CheckSignature(const Request& request, const ResourcePath& path,
                                           std::string_view key, WallTime now);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_SIGNATURE_H_
