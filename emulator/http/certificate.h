// The server's own certificate: made at the first start, kept beside the data, for localhost only.
#ifndef SPILLWAY_EMULATOR_HTTP_CERTIFICATE_H_
#define SPILLWAY_EMULATOR_HTTP_CERTIFICATE_H_

#include <string>

#include "base/result.h"

namespace spillway::emulator {

struct Certificate {
  std::string certificate_pem;
  std::string key_pem;
  std::string certificate_path;  // empty when it was not written
};

// Self-signed, for localhost, 127.0.0.1 and ::1 (subject alternative names), and `extra_host` when
// given.
Result<Certificate> MakeCertificate(const std::string& extra_host);

// Reads emulator.crt and emulator.key in `folder`, or makes and writes them (the key with mode
// 0600).
Result<Certificate> LoadOrMakeCertificate(const std::string& folder, const std::string& extra_host);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_HTTP_CERTIFICATE_H_
