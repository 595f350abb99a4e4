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
#include <sstream>

namespace spillway::emulator {
namespace {

constexpr long kValidSeconds = 60L * 60 * 24 * 365 * 10;
constexpr char kCertificateFile[] = "emulator.crt";
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

bool AddExtension(X509* certificate, int type, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, OpenSslDelete> extension(
      X509V3_EXT_conf_nid(nullptr, &context, type, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool SetNames(X509* certificate) {
  X509_NAME* name = X509_get_subject_name(certificate);
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>("localhost"), -1, -1,
                                    0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1;
}

// A random serial number, so that browsers keep the certificates of two servers apart.
bool SetSerial(X509* certificate) {
  uint64_t serial = 0;
  return RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) == 1 &&
         ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) == 1;
}

std::string BioText(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
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
  const Key key(EVP_EC_gen("P-256"));
  const X509Pointer x509(X509_new());
  if (!key || !x509) return Internal("OpenSSL cannot make a key");
  std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1";
  if (!extra_host.empty()) names += (IsAddress(extra_host) ? ",IP:" : ",DNS:") + extra_host;
  const bool made =
      X509_set_version(x509.get(), 2) == 1 && SetSerial(x509.get()) &&
      X509_gmtime_adj(X509_getm_notBefore(x509.get()), -60 * 60 * 24) != nullptr &&
      X509_gmtime_adj(X509_getm_notAfter(x509.get()), kValidSeconds) != nullptr &&
      X509_set_pubkey(x509.get(), key.get()) == 1 && SetNames(x509.get()) &&
      AddExtension(x509.get(), NID_subject_alt_name, names) &&
      // Clients import it as its own authority.
      AddExtension(x509.get(), NID_basic_constraints, "critical,CA:TRUE") &&
      AddExtension(x509.get(), NID_key_usage, "critical,digitalSignature,keyCertSign") &&
      AddExtension(x509.get(), NID_ext_key_usage, "serverAuth") &&
      X509_sign(x509.get(), key.get(), EVP_sha256()) != 0;
  const Bio certificate_bio(BIO_new(BIO_s_mem()));
  const Bio key_bio(BIO_new(BIO_s_mem()));
  if (!made || PEM_write_bio_X509(certificate_bio.get(), x509.get()) != 1 ||
      PEM_write_bio_PrivateKey(key_bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
          1) {
    return Internal("OpenSSL cannot make a certificate for " + names);
  }
  return Certificate{BioText(certificate_bio.get()), BioText(key_bio.get()), ""};
}

Result<Certificate> LoadOrMakeCertificate(const std::string& folder,
                                          const std::string& extra_host) {
  const std::string certificate_path = folder + "/" + kCertificateFile;
  const std::string key_path = folder + "/" + kKeyFile;
  const auto certificate_pem = ReadText(certificate_path);
  const auto key_pem = ReadText(key_path);
  if (certificate_pem && key_pem) {
    return Certificate{*certificate_pem, *key_pem, certificate_path};
  }
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return Unavailable("cannot make the folder '" + folder + "': " + std::strerror(errno));
  }
  ASSIGN_OR_RETURN(Certificate made, MakeCertificate(extra_host));
  RETURN_IF_ERROR(WriteText(key_path, made.key_pem, 0600));
  RETURN_IF_ERROR(WriteText(certificate_path, made.certificate_pem, 0644));
  made.certificate_path = certificate_path;
  return made;
}

}  // namespace spillway::emulator
