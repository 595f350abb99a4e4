// LoggedTransport: a transport whose requests are told to the log, one line each, at level trace:
// method, address without its query, status, what the service says of it (charge, activity id, its
// own duration), how long it took and how long the bodies were. Never a header that authorizes, nor
// a body. What could not be sent, or was not answered, is told at level debug.
#ifndef SPILLWAY_NET_LOGGED_TRANSPORT_H_
#define SPILLWAY_NET_LOGGED_TRANSPORT_H_

#include <memory>

#include "base/clock.h"
#include "net/http_transport.h"

namespace spillway {

// `inner` itself while the log does not reach that far, so that it costs nothing. `clock` outlives
// it.
std::unique_ptr<HttpTransport> LoggedTransport(std::unique_ptr<HttpTransport> inner,
                                               const Clock& clock);

}  // namespace spillway

#endif  // SPILLWAY_NET_LOGGED_TRANSPORT_H_
