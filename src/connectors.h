// Connectors: the one list of what a connection can be. This is the only place that names concrete
// connectors: a new one is its folder and an entry in connectors.cc.
#ifndef SPILLWAY_CONNECTORS_H_
#define SPILLWAY_CONNECTORS_H_

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/spec.h"
#include "connector/destination.h"
#include "connector/document_table.h"
#include "connector/finding.h"
#include "connector/scratch.h"
#include "connector/share_board.h"
#include "connector/source.h"
#include "transforms/document_options.h"

namespace spillway {

// An options struct whose type only its connector knows, and the spec that fills it.
struct OptionsType {
  const ObjectSpec* spec = nullptr;  // nullptr: the connector has no such role
  std::shared_ptr<void> (*make)() = nullptr;
};

template <typename T>
OptionsType OptionsOf(const Spec<T>& spec) {
  return {&spec, +[]() -> std::shared_ptr<void> { return std::make_shared<T>(); }};
}

// What a connector needs to open one side of a pipeline. Pointers are to the structs of its
// OptionsType.
struct EndpointSettings {
  const void* connection = nullptr;  // of `connections.<name>`
  const void* endpoint = nullptr;    // of `source` or `destination` in the pipeline
  std::string folder;                // relative paths start here: where spillway.yaml is
};

// The answer to a query, row by row.
class QueryRows {
 public:
  virtual ~QueryRows() = default;
  // Blocks. One JSON value per row; the views live until the next call. An empty page is the end.
  virtual Result<std::span<const std::string>> NextPage(const CallContext& ctx) = 0;
  virtual double cost() const = 0;  // request units so far
};

// Where a table of the program's own documents is (`state:`).
struct TablePlace {
  std::string database;  // empty: the connection's own
  std::string container;
};

// A group that spends one limit together, and where its members meet.
struct ShareGroup {
  std::string name;
  TablePlace control;
  std::optional<double> units_per_second;  // the limit: one of them
  std::optional<double> share;
};

struct ConnectorType {
  std::string name;  // `type:` of a connection
  std::string doc;
  OptionsType connection;
  OptionsType source;
  OptionsType destination;

  std::function<Result<std::unique_ptr<Source>>(const EndpointSettings&)> open_source;
  // A table of a connection by its name: `inspect CONNECTION/TABLE`.
  std::function<Result<std::unique_ptr<Source>>(const EndpointSettings&, const std::string& name)>
      open_named_source;
  // A table by its path or URL alone, without a connection.
  std::function<Result<std::unique_ptr<Source>>(const std::string& location)> open_location;
  std::function<Result<std::unique_ptr<Destination>>(const EndpointSettings&,
                                                     const DocumentOptions&)>
      open_destination;
  // Where the destination is, without credentials: "https://host/db/container". Another place means
  // another load.
  std::function<std::string(const EndpointSettings&)> describe_destination;
  // Tries every link that a run will need, one by one, and writes nothing. Empty: opening and
  // checking is all there is to try.
  std::function<void(const EndpointSettings&, const DocumentOptions&, const CallContext&,
                     Findings&)>
      diagnose_destination;
  // Where writes can be tried: `plan --measure`. Empty when the connector has nothing to measure.
  std::function<Result<std::unique_ptr<ScratchSpace>>(const EndpointSettings&,
                                                      const DocumentOptions&)>
      open_scratch;
  // `query CONNECTION/NAME "SQL"`. Empty when the connector has no queries.
  std::function<Result<std::unique_ptr<QueryRows>>(const EndpointSettings&, const std::string& name,
                                                   const std::string& sql)>
      query;
  // A table for the program's own documents. Empty when the connector cannot keep any.
  std::function<Result<std::unique_ptr<DocumentTable>>(const EndpointSettings&, const TablePlace&)>
      open_table;
  // The board of such a group, in an account (`control`) that may be another than that of the
  // destination. Empty when the connector has no groups.
  std::function<Result<std::unique_ptr<ShareBoard>>(
      const EndpointSettings& control, const ShareGroup&, const EndpointSettings& destination)>
      open_share_board;
  // Whether such a table would be the container that a pipeline writes.
  std::function<bool(const EndpointSettings&, const TablePlace&)> same_container;
};

std::span<const ConnectorType> Connectors();

// nullptr when there is no such type.
const ConnectorType* FindConnector(std::string_view name);

}  // namespace spillway

#endif  // SPILLWAY_CONNECTORS_H_
