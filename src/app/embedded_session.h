// EmbeddedSession: a write session for a program that brings its own rows (a Spark task),
// configured in the dialect of spillway.yaml, without a project, a source or a state: connection
// and destination of one pipeline, and how its documents are made.
//
//   {"connection": {"type": "cosmosdb", "endpoint": …, "database": …, "auth": {"key": …}},
//    "destination": {"container": "products", "partition_key": ["/category"]},
//    "documents": {"nulls": "omit"}, "sync": {"mode": "upsert"},
//    "throughput": {"limit": 4000, "group": {"name": "loaders"}},
//    "memory": "64MiB", "lanes": 16}
//
// A secret may stand here itself: the program has it already. JSON is YAML, so one reader does.
#ifndef SPILLWAY_APP_EMBEDDED_SESSION_H_
#define SPILLWAY_APP_EMBEDDED_SESSION_H_

#include <memory>
#include <string>
#include <vector>

#include "base/call_context.h"
#include "base/result.h"
#include "connector/query_reading.h"
#include "connectors.h"
#include "engine/write_session.h"
#include "transforms/document_columns.h"
#include "transforms/document_options.h"

namespace spillway {

// A part [from, to) of the destination's space of keys, which is [0, 1).
struct ReadPart {
  double from = 0;
  double to = 1;
  bool is_whole() const { return from <= 0 && to >= 1; }
};

struct ReadOptions {
  ReadPart part;
  QueryText query;  // its results are read; empty: the documents
  DocumentColumnsOptions columns;
  uint32_t batch_rows_max = 10'000;
};

struct EmbeddedConfig {
  const ConnectorType* type = nullptr;
  std::shared_ptr<const void> connection;
  std::shared_ptr<const void> endpoint;
  DocumentOptions documents;  // partition_key_paths empty: as the destination has it
  SessionOptions session;
  ReadOptions read;
};

// kInvalidArgument with every problem of the options. The text itself, which may hold secrets, is
// in no message.
Result<EmbeddedConfig> ParseEmbeddedConfig(std::string text);

// What there is to know before a session is opened: who opens many of them asks once.
struct DestinationFacts {
  std::string place;                       // "https://host/db/container"
  std::vector<std::string> partition_key;  // paths
  uint32_t read_parts = 1;  // even parts of the space of keys that are worth reading at a time
};
// Asks the destination, and so finds a wrong address, key or name, or a query that cannot be read
// in parts; and tries what joining a group will need. kNotFound: there is no such container.
Result<DestinationFacts> DescribeDestination(const EmbeddedConfig& config, const CallContext& ctx);

// A session and the destination that it writes to.
struct EmbeddedSession {
  std::unique_ptr<Destination> destination;
  std::unique_ptr<WriteSession> session;  // last: it uses the destination
};
// Without partition_key_paths in `config` the destination is asked for them first.
Result<EmbeddedSession> OpenEmbeddedSession(EmbeddedConfig config,
                                            std::shared_ptr<const OwnedSchema> schema,
                                            const CallContext& ctx);

// The results of the query over the part of `options`. Errors as QueryReading; kUnsupported: the
// destination takes no queries.
Result<std::unique_ptr<DocumentReader>> OpenQuery(Destination& destination,
                                                  const ReadOptions& options,
                                                  const CallContext& ctx);

// The destination alone, to be read.
Result<std::unique_ptr<Destination>> OpenForReading(EmbeddedConfig config, const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_APP_EMBEDDED_SESSION_H_
