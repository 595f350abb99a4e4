// QueryReading: what a destination offers besides that has a query language of its own: the results
// of a query over a part of its space of keys, for readers that share a destination out. A
// Destination that can is a QueryReading too.
#ifndef SPILLWAY_CONNECTOR_QUERY_READING_H_
#define SPILLWAY_CONNECTOR_QUERY_READING_H_

#include <memory>
#include <string>

#include "connector/destination.h"

namespace spillway {

struct QueryText {
  std::string text;
  std::string parameters;  // a JSON array, [{"name": "@x", "value": 1}], or empty
  bool empty() const { return text.empty(); }
};

// Thread-safe.
class QueryReading {
 public:
  virtual ~QueryReading() = default;
  // Asks the destination how the query is to be run, and reads nothing yet. The results over the
  // part [from, to) of the key space, which is [0, 1), as JSON texts in no particular order; their
  // ids and partition keys are empty. The reader must not outlive the destination. kUnsupported:
  // the answer is not that of its parts together (an order, an aggregate …), with the clause named;
  // or there is no such space, and the part is not the whole. The destination's own refusals come
  // in its words.
  virtual Result<std::unique_ptr<DocumentReader>> OpenQueryOfPart(const QueryText& query,
                                                                  double from, double to,
                                                                  const CallContext& ctx) = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_CONNECTOR_QUERY_READING_H_
