#include "emulator/service/session.h"

#include <algorithm>
#include <charconv>

#include "emulator/store/rid.h"

namespace spillway::emulator {
namespace {

constexpr int kSessionNotAvailable = 1002;

// The global LSN of "0:-1#6", "0:0#6#0=6" or "0:6"; nullopt when the text is no token.
std::optional<uint64_t> TokenLsn(std::string_view token) {
  const size_t first = token.find('#');
  std::string_view number = first == std::string_view::npos ? token : token.substr(first + 1);
  number = number.substr(0, number.find('#'));
  uint64_t lsn = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), lsn);
  if (error != std::errc() || end != number.data() + number.size()) return std::nullopt;
  return lsn;
}

bool NamesRange(std::string_view id, const RangeInfo& info) {
  return id == info.id ||
         std::find(info.parents.begin(), info.parents.end(), id) != info.parents.end();
}

}  // namespace

std::string SessionToken(std::string_view range, uint64_t lsn, bool takes_vectors) {
  return std::string(range) + (takes_vectors ? ":-1#" : ":") + std::to_string(lsn);
}

bool TakesVectorTokens(const Request& request) {
  constexpr std::string_view kFirstVersion = "2018-06-18";
  const std::string_view version = request.Header("x-ms-version");
  return version.empty() || version >= kFirstVersion;
}

std::optional<ServiceError> CheckSession(const Request& request, const Partition& partition) {
  std::string_view tokens = request.Header("x-ms-session-token");
  while (!tokens.empty()) {
    const std::string_view token = tokens.substr(0, tokens.find(','));
    tokens.remove_prefix(std::min(tokens.size(), token.size() + 1));
    const size_t colon = token.find(':');
    if (colon == std::string_view::npos) continue;
    const auto lsn = TokenLsn(token.substr(colon + 1));
    if (!lsn) return BadRequest("The session token '" + std::string(token) + "' is invalid.");
    if (NamesRange(token.substr(0, colon), partition.info()) && *lsn > partition.lsn()) {
      return NotFoundError("The read session is not available for the input session token.",
                           kSessionNotAvailable);
    }
  }
  return std::nullopt;
}

void AddPartitionHeaders(const ContainerTarget& target, const Partition& partition, Reply* reply) {
  const std::string lsn = std::to_string(partition.lsn());
  reply->Set("x-ms-session-token",
             SessionToken(partition.info().id, partition.lsn(), target.takes_vector_tokens));
  reply->Set("lsn", lsn);
  reply->Set("x-ms-cosmos-llsn", lsn);
  reply->Set("x-ms-documentdb-partitionkeyrangeid", partition.info().id);
  reply->Set("x-ms-alt-content-path", target.name_path);
  reply->Set("x-ms-content-path", RidText(target.container->rid()));
}

}  // namespace spillway::emulator
