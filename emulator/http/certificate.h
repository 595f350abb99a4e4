// The server's own certificate: made at the first start, kept beside the data, for localhost only.
#ifndef SPILLWAY_EMULATOR_HTTP_CERTIFICATE_H_
#define SPILLWAY_EMULATOR_HTTP_CERTIFICATE_H_

#include <string>

#include "base/result.h"

namespace spillway::emulator {

struct Certificate {
  std::string authority_pem;    // what clients trust
  std::string certificate_pem;  // what the server shows, and its key
  std::string key_pem;
  std::string certificate_path;  // of the authority's; empty when it was not written
};

// For localhost, 127.0.0.1 and ::1 (subject alternative names), and `extra_host` when given. Signed
// by an authority of its own, since some clients take no authority for a server; the authority's
// key is forgotten at once, so that trusting it lets nobody pass for another site.
Result<Certificate> MakeCertificate(const std::string& extra_host);

// Reads emulator.crt (the authority), emulator-server.crt and emulator.key in `folder`, or makes
// and writes them (the key with mode 0600). Without emulator-server.crt, emulator.crt is shown as
// well: one's own certificate takes two files.
Result<Certificate> LoadOrMakeCertificate(const std::string& folder, const std::string& extra_host);

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_HTTP_CERTIFICATE_H_
