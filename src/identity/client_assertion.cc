#include "identity/client_assertion.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/json_writer.h"

namespace spillway {
namespace {

constexpr std::chrono::minutes kValidBefore{5};
constexpr std::chrono::minutes kValidAfter{10};

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(PKCS12* archive) const { PKCS12_free(archive); }
  void operator()(EVP_MD_CTX* digest) const { EVP_MD_CTX_free(digest); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Owned<BIO> ReadOf(std::string_view bytes) {
  return Owned<BIO>(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

// Never asks the terminal: an empty password is one too.
int GivePassword(char* buffer, int size, int, void* data) {
  const auto& password = *static_cast<const std::string*>(data);
  const int bytes = std::min(size, static_cast<int>(password.size()));
  std::memcpy(buffer, password.data(), static_cast<size_t>(bytes));
  return bytes;
}

std::string Base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends with a zero
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), Bytes(bytes),
                  static_cast<int>(bytes.size()));
  text.pop_back();
  return text;
}

std::string Der(X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  std::string der;
  if (size > 0) der.assign(reinterpret_cast<char*>(bytes), static_cast<size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

int64_t Seconds(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

}  // namespace

struct ClientCertificate::Parts {
  Owned<EVP_PKEY> key;
  std::vector<Owned<X509>> certificates;

  void ReadPem(std::string_view bytes, const std::string& password) {
    void* data = const_cast<std::string*>(&password);
    key.reset(PEM_read_bio_PrivateKey(ReadOf(bytes).get(), nullptr, &GivePassword, data));
    const Owned<BIO> text = ReadOf(bytes);
    while (X509* next = PEM_read_bio_X509(text.get(), nullptr, &GivePassword, data)) {
      certificates.emplace_back(next);
    }
  }

  void ReadPkcs12(std::string_view bytes, const std::string& password) {
    const Owned<PKCS12> archive(d2i_PKCS12_bio(ReadOf(bytes).get(), nullptr));
    if (archive == nullptr) return;
    EVP_PKEY* found_key = nullptr;
    X509* found = nullptr;
    STACK_OF(X509)* others = nullptr;
    if (PKCS12_parse(archive.get(), password.c_str(), &found_key, &found, &others) != 1) return;
    key.reset(found_key);
    if (found != nullptr) certificates.emplace_back(found);
    while (others != nullptr && sk_X509_num(others) > 0) {
      certificates.emplace_back(sk_X509_shift(others));
    }
    sk_X509_free(others);
  }

  // The key's own certificate comes first.
  bool PutOwnFirst() {
    for (Owned<X509>& certificate : certificates) {
      if (X509_check_private_key(certificate.get(), key.get()) != 1) continue;
      std::swap(certificate, certificates.front());
      return true;
    }
    return false;
  }
};

ClientCertificate::ClientCertificate(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ClientCertificate::ClientCertificate(ClientCertificate&&) noexcept = default;
ClientCertificate& ClientCertificate::operator=(ClientCertificate&&) noexcept = default;
ClientCertificate::~ClientCertificate() = default;

Result<ClientCertificate> ClientCertificate::Parse(std::string_view bytes,
                                                   const std::string& password) {
  auto parts = std::make_unique<Parts>();
  const bool pem = bytes.find("-----BEGIN ") != std::string_view::npos;
  pem ? parts->ReadPem(bytes, password) : parts->ReadPkcs12(bytes, password);
  const bool has_key = parts->key != nullptr;
  const bool has_certificate = !parts->certificates.empty();
  const bool fits = has_key && has_certificate && parts->PutOwnFirst();
  ERR_clear_error();
  if (!has_key) {
    return InvalidArgument("the certificate's private key cannot be read")
        .WithHint(
            "the file holds the certificate and its key, as PEM or PKCS #12; if the key is "
            "encrypted, give certificate_password");
  }
  if (!has_certificate) return InvalidArgument("there is no certificate beside the private key");
  if (!fits) return InvalidArgument("the private key belongs to no certificate of the file");
  if (EVP_PKEY_get_base_id(parts->key.get()) != EVP_PKEY_RSA) {
    return InvalidArgument("the certificate's key is not an RSA key, which is what Entra ID takes");
  }
  return ClientCertificate(std::move(parts));
}

std::string ClientCertificate::Thumbprint() const {
  const std::string der = Der(parts_->certificates.front().get());
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(Bytes(der), der.size(), digest.data());
  return Base64Url({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::vector<std::string> ClientCertificate::Chain() const {
  std::vector<std::string> chain;
  for (const Owned<X509>& certificate : parts_->certificates) {
    chain.push_back(Base64(Der(certificate.get())));
  }
  return chain;
}

Result<std::string> ClientCertificate::Sign(std::string_view text) const {
  const Owned<EVP_MD_CTX> digest(EVP_MD_CTX_new());
  size_t size = 0;
  bool ok = digest != nullptr && EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr,
                                                    parts_->key.get()) == 1;
  ok = ok && EVP_DigestSign(digest.get(), nullptr, &size, Bytes(text), text.size()) == 1;
  std::string signature(size, '\0');
  ok = ok && EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                            Bytes(text), text.size()) == 1;
  ERR_clear_error();
  if (!ok) return Internal("the certificate's key cannot sign");
  signature.resize(size);
  return Base64Url(signature);
}

Result<std::string> MakeClientAssertion(const ClientCertificate& certificate,
                                        const AssertionClaims& claims) {
  JsonWriter header;
  header.BeginObject().Field("alg", "RS256").Field("typ", "JWT");
  header.Field("x5t", certificate.Thumbprint());
  if (claims.chain) {
    header.Key("x5c").BeginArray();
    for (const std::string& link : certificate.Chain()) header.String(link);
    header.EndArray();
  }
  header.EndObject();
  JsonWriter payload;
  payload.BeginObject().Field("aud", claims.audience).Field("iss", claims.client_id);
  payload.Field("sub", claims.client_id).Field("jti", claims.id);
  payload.Field("nbf", Seconds(claims.now - kValidBefore));
  payload.Field("iat", Seconds(claims.now)).Field("exp", Seconds(claims.now + kValidAfter));
  payload.EndObject();
  const std::string text = Base64Url(header.text()) + "." + Base64Url(payload.text());
  ASSIGN_OR_RETURN(const std::string signature, certificate.Sign(text));
  return text + "." + signature;
}

std::string Base64Url(std::string_view bytes) {
  std::string text = Base64(bytes);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  while (text.ends_with('=')) text.pop_back();
  return text;
}

}  // namespace spillway
