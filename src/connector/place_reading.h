// PlaceReading: what a destination offers besides whose documents are spread evenly over a space of
// keys: reading any part of that space. A Destination that can is a PlaceReading too.
#ifndef SPILLWAY_CONNECTOR_PLACE_READING_H_
#define SPILLWAY_CONNECTOR_PLACE_READING_H_

#include <memory>

#include "connector/destination.h"

namespace spillway {

// Thread-safe.
class PlaceReading {
 public:
  virtual ~PlaceReading() = default;
  // The documents of the part [from, to) of the key space, which is [0, 1), in no particular order;
  // nullptr: what is written to has no such space. The reader must not outlive the destination.
  virtual Result<std::unique_ptr<DocumentReader>> OpenReaderOfPart(double from, double to,
                                                                   const CallContext& ctx) = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_CONNECTOR_PLACE_READING_H_
