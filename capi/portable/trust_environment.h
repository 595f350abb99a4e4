// Where the certificates are that TLS trusts, on whatever distribution the program runs.
#ifndef SPILLWAY_CAPI_PORTABLE_TRUST_ENVIRONMENT_H_
#define SPILLWAY_CAPI_PORTABLE_TRUST_ENVIRONMENT_H_

#include <string>

namespace spillway {

struct TrustPlaces {
  std::string file;    // PEM; empty: none
  std::string folder;  // named by hash; empty: none
};

// SSL_CERT_FILE and SSL_CERT_DIR where they are set, else the first of the distributions' places
// that can be read.
TrustPlaces FindTrustPlaces();

}  // namespace spillway

#endif  // SPILLWAY_CAPI_PORTABLE_TRUST_ENVIRONMENT_H_
