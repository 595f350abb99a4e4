#include "capi/portable/trust_environment.h"

#include <unistd.h>

#include <array>
#include <cstdlib>

namespace spillway {
namespace {

constexpr std::array kFiles = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Alpine, Arch
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Fedora, RHEL and their kin
    "/etc/pki/tls/certs/ca-bundle.crt",                   // older ones of them, Azure Linux
    "/etc/ssl/ca-bundle.pem",                             // SUSE
    "/etc/ssl/cert.pem",
};
constexpr const char* kFolder = "/etc/ssl/certs";

bool CanRead(const char* path) {
  return access(path, R_OK) == 0;
}

const char* Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? nullptr : value;
}

}  // namespace

TrustPlaces FindTrustPlaces() {
  TrustPlaces places;
  const char* file = Variable("SSL_CERT_FILE");
  const char* folder = Variable("SSL_CERT_DIR");
  if (file != nullptr) places.file = file;
  if (folder != nullptr) places.folder = folder;
  if (file != nullptr || folder != nullptr) return places;
  for (const char* known : kFiles) {
    if (!CanRead(known)) continue;
    places.file = known;
    return places;
  }
  if (CanRead(kFolder)) places.folder = kFolder;
  return places;
}

}  // namespace spillway
