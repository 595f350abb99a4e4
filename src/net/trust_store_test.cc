#include "net/trust_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace spillway {
namespace {

using testing::HasSubstr;

// A certificate that vouches for itself.
void WriteCertificate(const std::string& path) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  ASSERT_GT(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
  std::FILE* file = std::fopen(path.c_str(), "w");
  ASSERT_EQ(PEM_write_X509(file, certificate.get()), 1);
  std::fclose(file);
}

class TrustStoreTest : public testing::Test {
 protected:
  TrustStoreTest() : file_(testing::TempDir() + "trust_store_test.pem") {}
  ~TrustStoreTest() override { std::filesystem::remove(file_); }
  const std::string file_;
};

TEST_F(TrustStoreTest, ReadsTheFileOnceHoweverOftenItIsAsked) {
  WriteCertificate(file_);
  TrustStore trust(file_, "");
  const Result<X509_STORE*> first = trust.Get();
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  EXPECT_EQ(sk_X509_OBJECT_num(X509_STORE_get0_objects(*first)), 1);
  std::filesystem::remove(file_);
  EXPECT_EQ(*trust.Get(), *first);
}

TEST_F(TrustStoreTest, AFileThatIsMissingOrHoldsNoCertificateIsNamed) {
  TrustStore trust(file_, "");
  for (const bool exists : {false, true}) {
    if (exists) std::ofstream(file_) << "no certificate\n";
    const Status status = trust.Get().status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr(file_));
    EXPECT_FALSE(status.hint().empty());
  }
  WriteCertificate(file_);
  EXPECT_TRUE(trust.Get().ok()) << "a file that is mended is read";
}

TEST_F(TrustStoreTest, WithoutAnyNothingIsTrusted) {
  const Result<X509_STORE*> store = TrustStore("", "").Get();
  EXPECT_TRUE(store.ok()) << store.status().ToString();
}

}  // namespace
}  // namespace spillway
