// ClientAssertion: the signed statement by which a service principal with a certificate says who it
// is. Facts: RFC 7519, RFC 7523, and "Certificate credentials" of the Microsoft identity platform.
#ifndef SPILLWAY_IDENTITY_CLIENT_ASSERTION_H_
#define SPILLWAY_IDENTITY_CLIENT_ASSERTION_H_

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace spillway {

// A certificate with its private key. Immutable.
class ClientCertificate {
 public:
  // `bytes`: PEM (certificates and the key, in any order), or PKCS #12. kInvalidArgument: no
  // certificate, no RSA key, a wrong password, or a key of another certificate.
  static Result<ClientCertificate> Parse(std::string_view bytes, const std::string& password);

  ClientCertificate(ClientCertificate&&) noexcept;
  ClientCertificate& operator=(ClientCertificate&&) noexcept;
  ~ClientCertificate();

  // SHA-1 of the certificate, base64url: `x5t`.
  std::string Thumbprint() const;
  // Certificates in DER, base64, the one of the key first: `x5c`.
  std::vector<std::string> Chain() const;
  // RS256, base64url.
  Result<std::string> Sign(std::string_view text) const;

 private:
  struct Parts;
  explicit ClientCertificate(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

struct AssertionClaims {
  std::string audience;  // the token endpoint
  std::string client_id;
  std::string id;  // never used before
  WallTime now;    // by the other side's clock, where it is known
  bool chain =
      false;  // send the certificate: needed where the subject's name is what is registered
};

// A JSON web token that is valid for ten minutes from five before `now`.
Result<std::string> MakeClientAssertion(const ClientCertificate& certificate,
                                        const AssertionClaims& claims);

// Without padding (RFC 4648, section 5).
std::string Base64Url(std::string_view bytes);

}  // namespace spillway

#endif  // SPILLWAY_IDENTITY_CLIENT_ASSERTION_H_
