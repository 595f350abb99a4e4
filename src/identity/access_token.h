// AccessToken: a bearer token and its times, on our own steady clock: what the other side's clock
// or ours says of the day does not matter.
#ifndef SPILLWAY_IDENTITY_ACCESS_TOKEN_H_
#define SPILLWAY_IDENTITY_ACCESS_TOKEN_H_

#include <string>

#include "base/clock.h"

namespace spillway {

struct AccessToken {
  std::string text;
  SteadyTime refresh_at;  // from here on a new one should be fetched; the old one still serves
  SteadyTime expires_at;
};

}  // namespace spillway

#endif  // SPILLWAY_IDENTITY_ACCESS_TOKEN_H_
