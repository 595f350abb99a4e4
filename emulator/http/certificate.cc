#include "emulator/http/certificate.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>

namespace spillway::emulator {
namespace {

constexpr long kValidSeconds = 60L * 60 * 24 * 365 * 10;
constexpr char kAuthorityFile[] = "emulator.crt";
constexpr char kServerFile[] = "emulator-server.crt";
constexpr char kKeyFile[] = "emulator.key";

struct OpenSslDelete {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
using Key = std::unique_ptr<EVP_PKEY, OpenSslDelete>;
using X509Pointer = std::unique_ptr<X509, OpenSslDelete>;
using Bio = std::unique_ptr<BIO, OpenSslDelete>;

bool AddExtension(X509* certificate, X509* issuer, int type, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, OpenSslDelete> extension(
      X509V3_EXT_conf_nid(nullptr, &context, type, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool SetName(X509_NAME* name, const char* common_name) {
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>(common_name), -1, -1,
                                    0) == 1;
}

// A random serial number, so that browsers keep the certificates of two servers apart.
bool SetSerial(X509* certificate) {
  uint64_t serial = 0;
  return RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) == 1 &&
         ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) == 1;
}

// Everything but extensions and signature.
X509Pointer Begin(EVP_PKEY* key, const char* common_name) {
  X509Pointer x509(X509_new());
  const bool begun = x509 && X509_set_version(x509.get(), 2) == 1 && SetSerial(x509.get()) &&
                     X509_gmtime_adj(X509_getm_notBefore(x509.get()), -60 * 60 * 24) != nullptr &&
                     X509_gmtime_adj(X509_getm_notAfter(x509.get()), kValidSeconds) != nullptr &&
                     X509_set_pubkey(x509.get(), key) == 1 &&
                     SetName(X509_get_subject_name(x509.get()), common_name);
  return begun ? std::move(x509) : nullptr;
}

X509Pointer MakeAuthority(EVP_PKEY* key) {
  X509Pointer x509 = Begin(key, "Local Cosmos DB server");
  const bool made =
      x509 && X509_set_issuer_name(x509.get(), X509_get_subject_name(x509.get())) == 1 &&
      AddExtension(x509.get(), x509.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      AddExtension(x509.get(), x509.get(), NID_key_usage, "critical,keyCertSign") &&
      AddExtension(x509.get(), x509.get(), NID_subject_key_identifier, "hash") &&
      X509_sign(x509.get(), key, EVP_sha256()) != 0;
  return made ? std::move(x509) : nullptr;
}

X509Pointer MakeLeaf(EVP_PKEY* key, const std::string& names, X509* authority,
                     EVP_PKEY* authority_key) {
  X509Pointer x509 = Begin(key, "localhost");
  const bool made =
      x509 && X509_set_issuer_name(x509.get(), X509_get_subject_name(authority)) == 1 &&
      AddExtension(x509.get(), authority, NID_subject_alt_name, names) &&
      AddExtension(x509.get(), authority, NID_basic_constraints, "critical,CA:FALSE") &&
      AddExtension(x509.get(), authority, NID_key_usage, "critical,digitalSignature") &&
      AddExtension(x509.get(), authority, NID_ext_key_usage, "serverAuth") &&
      AddExtension(x509.get(), authority, NID_subject_key_identifier, "hash") &&
      AddExtension(x509.get(), authority, NID_authority_key_identifier, "keyid:always") &&
      X509_sign(x509.get(), authority_key, EVP_sha256()) != 0;
  return made ? std::move(x509) : nullptr;
}

std::string BioText(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

std::optional<std::string> Pem(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1) return std::nullopt;
  return BioText(bio.get());
}

std::optional<std::string> Pem(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!bio ||
      PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return std::nullopt;
  }
  return BioText(bio.get());
}

bool IsAddress(const std::string& host) {
  return host.find_first_not_of("0123456789.") == std::string::npos ||
         host.find(':') != std::string::npos;
}

std::optional<std::string> ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Status WriteText(const std::string& path, const std::string& text, mode_t mode) {
  const auto failed = [&] {
    return Unavailable("cannot write '" + path + "': " + std::strerror(errno));
  };
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (file < 0) return failed();
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (close(file) != 0 || !written) return failed();
  return Status::Ok();
}

}  // namespace

Result<Certificate> MakeCertificate(const std::string& extra_host) {
  std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1";
  if (!extra_host.empty()) names += (IsAddress(extra_host) ? ",IP:" : ",DNS:") + extra_host;
  const auto failed = [&] { return Internal("OpenSSL cannot make a certificate for " + names); };
  const Key authority_key(EVP_EC_gen("P-256"));
  const Key key(EVP_EC_gen("P-256"));
  if (!authority_key || !key) return failed();
  const X509Pointer authority = MakeAuthority(authority_key.get());
  if (!authority) return failed();
  const X509Pointer leaf = MakeLeaf(key.get(), names, authority.get(), authority_key.get());
  if (!leaf) return failed();
  const auto authority_pem = Pem(authority.get());
  const auto certificate_pem = Pem(leaf.get());
  const auto key_pem = Pem(key.get());
  if (!authority_pem || !certificate_pem || !key_pem) return failed();
  return Certificate{*authority_pem, *certificate_pem, *key_pem, ""};
}

Result<Certificate> LoadOrMakeCertificate(const std::string& folder,
                                          const std::string& extra_host) {
  const std::string authority_path = folder + "/" + kAuthorityFile;
  const std::string server_path = folder + "/" + kServerFile;
  const std::string key_path = folder + "/" + kKeyFile;
  const auto authority_pem = ReadText(authority_path);
  const auto key_pem = ReadText(key_path);
  if (authority_pem && key_pem) {
    const std::string certificate_pem = ReadText(server_path).value_or(*authority_pem);
    return Certificate{*authority_pem, certificate_pem, *key_pem, authority_path};
  }
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return Unavailable("cannot make the folder '" + folder + "': " + std::strerror(errno));
  }
  ASSIGN_OR_RETURN(Certificate made, MakeCertificate(extra_host));
  // The authority last: with it the set is whole.
  RETURN_IF_ERROR(WriteText(key_path, made.key_pem, 0600));
  RETURN_IF_ERROR(WriteText(server_path, made.certificate_pem, 0644));
  RETURN_IF_ERROR(WriteText(authority_path, made.authority_pem, 0644));
  made.certificate_path = authority_path;
  return made;
}

}  // namespace spillway::emulator
