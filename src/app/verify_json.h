// What a verification found, as JSON: of `spillway verify --output json` and of programs.
#ifndef SPILLWAY_APP_VERIFY_JSON_H_
#define SPILLWAY_APP_VERIFY_JSON_H_

#include <string>

#include "verify/verify_run.h"

namespace spillway {

std::string VerifyJson(const std::string& pipeline, const VerifySummary& summary);

}  // namespace spillway

#endif  // SPILLWAY_APP_VERIFY_JSON_H_
