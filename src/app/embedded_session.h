// EmbeddedSession: a write session for a program that brings its own rows (a Spark task),
// configured in the dialect of spillway.yaml, without a project, a source or a state: connection
// and destination of one pipeline, and how its documents are made.
//
//   {"connection": {"type": "cosmosdb", "endpoint": …, "database": …, "auth": {"key": {"text":
//   …}}},
//    "destination": {"container": "products", "partition_key": ["/category"]},
//    "documents": {"nulls": "omit"}, "sync": {"mode": "upsert"}, "throughput": {"limit": 4000},
//    "memory": "64MiB", "lanes": 16}
//
// A secret may be `{"text": …}` here: the program has it already. JSON is YAML, so one reader does.
#ifndef SPILLWAY_APP_EMBEDDED_SESSION_H_
#define SPILLWAY_APP_EMBEDDED_SESSION_H_

#include <memory>
#include <string>
#include <vector>

#include "base/call_context.h"
#include "base/result.h"
#include "connectors.h"
#include "engine/write_session.h"
#include "transforms/document_options.h"

namespace spillway {

// Secrets that were given as text: files in memory that no other process can open, readable by
// their path while this lives. Connectors read references alone, and so need not know.
class TextSecrets {
 public:
  TextSecrets() = default;
  ~TextSecrets();
  TextSecrets(const TextSecrets&) = delete;
  TextSecrets& operator=(const TextSecrets&) = delete;

  // Replaces every `{text: …}` below `node` by a reference. kUnavailable: the system has no room.
  Status Replace(YamlNode& node);

 private:
  std::vector<int> files_;
};

struct EmbeddedConfig {
  const ConnectorType* type = nullptr;
  std::shared_ptr<const void> connection;
  std::shared_ptr<const void> endpoint;
  DocumentOptions documents;  // partition_key_paths empty: as the destination has it
  SessionOptions session;
  std::shared_ptr<TextSecrets> secrets;
};

// kInvalidArgument with every problem of the options. The text itself, which may hold secrets, is
// in no message.
Result<EmbeddedConfig> ParseEmbeddedConfig(std::string text);

// What there is to know before a session is opened: who opens many of them asks once.
struct DestinationFacts {
  std::string place;                       // "https://host/db/container"
  std::vector<std::string> partition_key;  // paths
};
// Asks the destination, and so finds a wrong address, key or name. kNotFound: there is no such
// container.
Result<DestinationFacts> DescribeDestination(const EmbeddedConfig& config, const CallContext& ctx);

// A session and the destination that it writes to.
struct EmbeddedSession {
  std::shared_ptr<TextSecrets> secrets;  // which the destination may read again
  std::unique_ptr<Destination> destination;
  std::unique_ptr<WriteSession> session;  // last: it uses the destination
};
// Without partition_key_paths in `config` the destination is asked for them first.
Result<EmbeddedSession> OpenEmbeddedSession(EmbeddedConfig config,
                                            std::shared_ptr<const OwnedSchema> schema,
                                            const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_APP_EMBEDDED_SESSION_H_
