// Every way to sign in, against servers that are functions: what is asked for, and what is made of
// the answers. The protocols are spoken over real connections in test/e2e/test_identity.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <filesystem>
#include <fstream>

#include "identity/client_assertion.h"
#include "identity/client_credential.h"
#include "identity/cloud.h"
#include "identity/default_credential.h"
#include "identity/identities.h"
#include "identity/managed_identity.h"
#include "identity/testing_world.h"
#include "identity/token_client.h"

namespace spillway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kScope[] = "https://cosmos.azure.com/.default";
constexpr char kAuthority[] = "https://login.microsoftonline.com";

ServicePrincipal WithSecret() {
  return {.authority = kAuthority, .tenant = "t1", .client_id = "c1", .secret = Given("p&s=1")};
}

TEST(ServicePrincipal, SendsTheGrantThatTheProtocolAsksFor) {
  TestingWorld testing(
      [](const SeenRequest&) { return FakeResponse(200, TokenReply("abc", 3600)); });
  const auto token = MakeServicePrincipal(WithSecret(), testing.world())->Fetch(kScope, {});
  ASSERT_TRUE(token.ok()) << token.status().ToString();
  EXPECT_EQ(token->text, "abc");
  const SeenRequest seen = testing.network.requests().at(0);
  EXPECT_EQ(seen.http.method, HttpMethod::kPost);
  EXPECT_EQ(seen.http.url, "https://login.microsoftonline.com/t1/oauth2/v2.0/token");
  EXPECT_EQ(seen.Header("content-type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(seen.body,
            "client_id=c1&grant_type=client_credentials&scope=https%3A%2F%2Fcosmos.azure.com%2F."
            "default&client_secret=p%26s%3D1");
}

TEST(ServicePrincipal, ARefusalHasTheServicesWordsAndTheRemedyButNotTheSecret) {
  TestingWorld testing([](const SeenRequest&) {
    return FakeResponse(401, R"({"error":"invalid_client","error_description":)"
                             R"("AADSTS7000215: Invalid client secret p&s=1 provided.\r\nTrace"})");
  });
  const auto token = MakeServicePrincipal(WithSecret(), testing.world())->Fetch(kScope, {});
  EXPECT_EQ(token.status().code(), StatusCode::kUnauthenticated);
  EXPECT_THAT(token.status().ToString(), HasSubstr("AADSTS7000215: Invalid client secret *** pro"));
  EXPECT_THAT(token.status().ToString(), Not(HasSubstr("p&s=1")));
  EXPECT_THAT(std::string(token.status().hint()), HasSubstr("az ad app credential reset --id c1"));
  EXPECT_EQ(testing.network.requests().size(), 1u);
}

TEST(ServicePrincipal, ABusyAuthorityIsAskedAgainAfterTheTimeItNames) {
  int calls = 0;
  TestingWorld testing([&](const SeenRequest&) {
    if (++calls == 1) return FakeResponse(429, "{}", {{"retry-after", "7"}});
    if (calls == 2) return FakeResponse(503, "later");
    return FakeResponse(200, TokenReply("abc", 3600));
  });
  const SteadyTime before = testing.clock.Now();
  EXPECT_TRUE(MakeServicePrincipal(WithSecret(), testing.world())->Fetch(kScope, {}).ok());
  EXPECT_GE(testing.clock.Now() - before, std::chrono::seconds(7));
  EXPECT_EQ(calls, 3);
}

TEST(ServicePrincipal, AnAuthorityThatStaysBusyIsATemporaryFailure) {
  TestingWorld testing([](const SeenRequest&) { return FakeResponse(500, "down"); });
  const auto token = MakeServicePrincipal(WithSecret(), testing.world())->Fetch(kScope, {});
  EXPECT_EQ(token.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(token.status().ToString(), HasSubstr("after 5 attempts"));
  EXPECT_EQ(testing.network.requests().size(), kTokenRetryPolicy.attempts_max);
}

// A certificate with its key, in PEM.
std::string NewCertificate(int bits = 2048) {
  EVP_PKEY* key = EVP_RSA_gen(static_cast<unsigned>(bits));
  X509* certificate = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  BIO* text = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(text, key, nullptr, nullptr, 0, nullptr, nullptr);
  PEM_write_bio_X509(text, certificate);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(text, &bytes);
  std::string pem(bytes, static_cast<size_t>(size));
  BIO_free(text);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return pem;
}

TEST(ClientAssertion, IsSignedByTheCertificatesKeyAndNamesItsThumbprint) {
  const auto certificate = ClientCertificate::Parse(NewCertificate(), "");
  ASSERT_TRUE(certificate.ok()) << certificate.status().ToString();
  EXPECT_EQ(certificate->Thumbprint().size(), 27u);  // 20 bytes
  EXPECT_EQ(certificate->Chain().size(), 1u);
  const auto token = MakeClientAssertion(
      *certificate, {.audience = "aud", .client_id = "c1", .id = "id", .now = WallTime()});
  ASSERT_TRUE(token.ok());
  EXPECT_EQ(std::count(token->begin(), token->end(), '.'), 2);
  EXPECT_EQ(token->find_first_of("+/="), std::string::npos);
}

TEST(ClientAssertion, WhatIsNoCertificateWithItsKeyIsRefused) {
  const std::string one = NewCertificate();
  const std::string other = NewCertificate();
  const size_t certificate_at = one.find("-----BEGIN CERTIFICATE");
  const std::string mixed =
      one.substr(0, certificate_at) + other.substr(other.find("-----BEGIN CERTIFICATE"));
  for (const std::string& text : {std::string(), std::string("x"), one.substr(0, certificate_at),
                                  one.substr(certificate_at), mixed}) {
    EXPECT_EQ(ClientCertificate::Parse(text, "").status().code(), StatusCode::kInvalidArgument);
  }
}

TEST(ServicePrincipal, AnAssertionOutOfItsTimeIsMadeAgainByTheOtherSidesClock) {
  const auto file = std::filesystem::path(testing::TempDir()) / "spillway_certificate.pem";
  std::ofstream(file) << NewCertificate();
  std::filesystem::permissions(file, std::filesystem::perms::owner_read);
  std::vector<std::string> assertions;
  TestingWorld testing([&](const SeenRequest& seen) {
    assertions.push_back(seen.body.substr(seen.body.find("client_assertion=")));
    if (assertions.size() == 1) {
      return FakeResponse(401, R"({"error_description":"AADSTS700024: not within its time"})",
                          {{"date", "Tue, 14 Nov 2023 22:43:20 GMT"}});
    }
    return FakeResponse(200, TokenReply("abc", 3600));
  });
  ServicePrincipal principal{.authority = kAuthority, .tenant = "t1", .client_id = "c1"};
  principal.certificate_file = file;
  const auto token = MakeServicePrincipal(principal, testing.world())->Fetch(kScope, {});
  EXPECT_TRUE(token.ok()) << token.status().ToString();
  EXPECT_EQ(assertions.size(), 2u);
  EXPECT_NE(assertions[0], assertions[1]);
  std::filesystem::remove(file);
}

TEST(ManagedIdentity, AsksTheMetadataServiceWithItsHeader) {
  TestingWorld testing([](const SeenRequest&) {
    return FakeResponse(200, R"({"access_token":"abc","expires_in":"3599","expires_on":"1"})");
  });
  const auto token = MakeManagedIdentity({.client_id = "c 1"}, testing.world())->Fetch(kScope, {});
  ASSERT_TRUE(token.ok()) << token.status().ToString();
  const SeenRequest seen = testing.network.requests().at(0);
  EXPECT_EQ(seen.http.url,
            "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource="
            "https%3A%2F%2Fcosmos.azure.com&client_id=c%201");
  EXPECT_EQ(seen.Header("Metadata"), "true");
}

TEST(ManagedIdentity, AsksTheAppsOwnEndpointWhereThereIsOne) {
  TestingWorld testing([](const SeenRequest&) {
    return FakeResponse(200, R"({"access_token":"abc","expires_on":"1700003600"})",
                        {{"date", "Tue, 14 Nov 2023 22:13:20 GMT"}});
  });
  testing.variables = {{"IDENTITY_ENDPOINT", "http://127.0.0.1:41/msi/token"},
                       {"IDENTITY_HEADER", "h3ader"}};
  const auto token = MakeManagedIdentity({}, testing.world())->Fetch(kScope, {});
  ASSERT_TRUE(token.ok()) << token.status().ToString();
  EXPECT_EQ(token->expires_at, testing.clock.Now() + std::chrono::seconds(3600));
  const SeenRequest seen = testing.network.requests().at(0);
  EXPECT_EQ(seen.http.url,
            "http://127.0.0.1:41/msi/token?api-version=2019-08-01&resource=https%3A%"
            "2F%2Fcosmos.azure.com");
  EXPECT_EQ(seen.Header("X-IDENTITY-HEADER"), "h3ader");
  EXPECT_EQ(seen.Header("Metadata"), "");
}

TEST(ManagedIdentity, AnIdentityThatIsNotAssignedIsNotAvailable) {
  TestingWorld testing([](const SeenRequest&) {
    return FakeResponse(400,
                        R"({"error":"invalid_request","error_description":"Identity not found"})");
  });
  const auto token = MakeManagedIdentity({}, testing.world())->Fetch(kScope, {});
  EXPECT_EQ(token.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(token.status().ToString(), HasSubstr("Identity not found"));
  EXPECT_THAT(std::string(token.status().hint()), HasSubstr("az vm identity assign"));
}

TEST(ManagedIdentity, AMetadataServiceThatIsBeingUpdatedIsAskedAgain) {
  int calls = 0;
  TestingWorld testing([&](const SeenRequest&) {
    return ++calls < 3 ? FakeResponse(410, "{}") : FakeResponse(200, TokenReply("abc", 60));
  });
  EXPECT_TRUE(MakeManagedIdentity({}, testing.world())->Fetch(kScope, {}).ok());
  EXPECT_EQ(calls, 3);
}

TEST(ManagedIdentity, TheArcAgentCannotMakeUsReadAnotherFile) {
  TestingWorld testing([](const SeenRequest&) {
    return FakeResponse(401, "", {{"www-authenticate", "Basic realm=/etc/passwd"}});
  });
  testing.variables = {{"IDENTITY_ENDPOINT", "http://127.0.0.1:40342/token"},
                       {"IMDS_ENDPOINT", "http://127.0.0.1:40342"}};
  const auto token = MakeManagedIdentity({}, testing.world())->Fetch(kScope, {});
  EXPECT_EQ(token.status().code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(testing.network.requests().size(), 1u);
}

TEST(DefaultCredential, SaysOfEveryLinkWhyItIsNotThere) {
  TestingWorld testing([](const SeenRequest&) { return Unavailable("no route"); });
  testing.variables["AZURE_TOKEN_CREDENTIALS"] = "prod";
  const auto credential = MakeDefaultCredential(kAuthority, testing.world());
  ASSERT_TRUE(credential.ok());
  const auto token = (*credential)->Fetch(kScope, {});
  EXPECT_EQ(token.status().code(), StatusCode::kNotFound);
  const std::string message(token.status().message());
  EXPECT_THAT(message, HasSubstr("environment: AZURE_TENANT_ID is not set"));
  EXPECT_THAT(message, HasSubstr("workload identity: AZURE_TENANT_ID is not set"));
  EXPECT_THAT(message, HasSubstr("managed identity: this machine has no metadata service"));
}

TEST(DefaultCredential, StaysWithTheFirstThatWorksAndStopsAtOneThatIsRefused) {
  bool refuse = false;
  TestingWorld testing([&](const SeenRequest& seen) {
    if (refuse) return FakeResponse(401, R"({"error_description":"AADSTS700016: unknown"})");
    return seen.http.url.starts_with("https") ? FakeResponse(200, TokenReply("abc", 60))
                                              : FakeResponse(500, "");
  });
  testing.variables = {
      {"AZURE_TENANT_ID", "t1"}, {"AZURE_CLIENT_ID", "c1"}, {"AZURE_CLIENT_SECRET", "s3cret"}};
  const auto credential = *MakeDefaultCredential(kAuthority, testing.world());
  EXPECT_EQ(credential->Fetch(kScope, {})->text, "abc");
  refuse = true;
  const auto refused = credential->Fetch(kScope, {});
  EXPECT_EQ(refused.status().code(), StatusCode::kUnauthenticated);
  EXPECT_THAT(refused.status().ToString(), HasSubstr("by environment"));
  EXPECT_EQ(testing.network.requests().size(), 2u);
}

TEST(DefaultCredential, IsShortenedByTheLibrariesVariable) {
  TestingWorld testing([](const SeenRequest&) { return Unavailable("no route"); });
  testing.variables["AZURE_TOKEN_CREDENTIALS"] = "EnvironmentCredential";
  const auto token = (*MakeDefaultCredential(kAuthority, testing.world()))->Fetch(kScope, {});
  EXPECT_THAT(token.status().ToString(), Not(HasSubstr("managed identity")));
  testing.variables["AZURE_TOKEN_CREDENTIALS"] = "nobody";
  EXPECT_EQ(MakeDefaultCredential(kAuthority, testing.world()).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(WorkloadIdentity, ExchangesTheFileAsItIsNow) {
  const auto file = std::filesystem::path(testing::TempDir()) / "spillway_federated";
  std::vector<std::string> bodies;
  TestingWorld testing([&](const SeenRequest& seen) {
    bodies.push_back(seen.body);
    return FakeResponse(200, TokenReply("abc", 60));
  });
  testing.variables = {
      {"AZURE_TENANT_ID", "t1"}, {"AZURE_CLIENT_ID", "c1"}, {"AZURE_FEDERATED_TOKEN_FILE", file}};
  const auto credential = MakeWorkloadIdentity({.authority = kAuthority}, testing.world());
  for (const char* token : {"first", "second"}) {
    std::ofstream(file) << token << "\n";
    EXPECT_TRUE(credential->Fetch(kScope, {}).ok());
  }
  std::filesystem::remove(file);
  ASSERT_EQ(bodies.size(), 2u);
  EXPECT_THAT(bodies[0], HasSubstr("client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-"
                                   "assertion-type%3Ajwt-bearer&client_assertion=first"));
  EXPECT_TRUE(bodies[1].ends_with("client_assertion=second"));
}

TEST(Cloud, IsKnownByTheNameOfTheHost) {
  EXPECT_EQ(CloudOfHost("contoso.documents.azure.cn").name, CloudName::kChina);
  EXPECT_EQ(CloudOfHost("contoso.dfs.core.usgovcloudapi.net").name, CloudName::kUsGovernment);
  EXPECT_EQ(CloudOfHost("contoso.documents.azure.com").name, CloudName::kPublic);
  EXPECT_EQ(CloudOfHost("evil-documents.azure.cn").name, CloudName::kPublic);
  EXPECT_EQ(CosmosAudience(CloudOf(CloudName::kChina), "contoso.documents.azure.cn"),
            "https://contoso.documents.azure.cn");
  EXPECT_EQ(ScopeOfAudience("https://a/"), "https://a/.default");
  EXPECT_EQ(ResourceOfScope(ScopeOfAudience("https://a")), "https://a");
}

class SecretsTest : public testing::Test {
 protected:
  Identities Make() {
    return Identities(testing_.world(),
                      [this](const std::string&) { return testing_.network.factory(); });
  }
  HttpResponse Answer(const SeenRequest& seen) {
    if (seen.http.url.find("/oauth2/") != std::string::npos) {
      return FakeResponse(200, TokenReply("abc", 3600));
    }
    return answer_;
  }
  HttpResponse answer_ = FakeResponse(200, "{}");
  TestingWorld testing_{[this](const SeenRequest& seen) { return Answer(seen); }};
};

TEST_F(SecretsTest, KeyVaultIsAskedWithATokenOfTheDefaultIdentity) {
  testing_.variables = {
      {"AZURE_TENANT_ID", "t1"}, {"AZURE_CLIENT_ID", "c1"}, {"AZURE_CLIENT_SECRET", "s3cret"}};
  answer_ = FakeResponse(200, R"({"value":"k3y","id":"x"})");
  Identities identities = Make();
  const SecretReference reference{
      SecretReference::Kind::kKeyVault, "https://shop.vault.azure.net/secrets/cosmos", {}, {}};
  EXPECT_EQ(*identities.ReadSecret(reference, "", {}), "k3y");
  const SeenRequest seen = testing_.network.requests().back();
  EXPECT_EQ(seen.http.url, "https://shop.vault.azure.net:443/secrets/cosmos?api-version=7.4");
  EXPECT_EQ(seen.Header("authorization"), "Bearer abc");
}

TEST_F(SecretsTest, NoOtherHostThanKeyVaultIsGivenAToken) {
  Identities identities = Make();
  for (const char* uri : {"https://evil.example/secrets/a", "https://shop.vault.azure.net/keys/a",
                          "https://shop.vault.azure.net.evil.example/secrets/a",
                          "https://shop.vault.azure.net/secrets/", "shop"}) {
    const SecretReference reference{SecretReference::Kind::kKeyVault, uri, {}, {}};
    EXPECT_EQ(identities.ReadSecret(reference, "", {}).status().code(),
              StatusCode::kInvalidArgument)
        << uri;
  }
  EXPECT_TRUE(testing_.network.requests().empty());
}

TEST_F(SecretsTest, VaultIsAskedForAFieldWithATokenThatIsNeverShown) {
  testing_.variables = {{"VAULT_ADDR", "https://vault:8200/"}, {"VAULT_TOKEN", "t0ken"}};
  answer_ = FakeResponse(200, R"({"data":{"data":{"key":"k3y"},"metadata":{"version":3}}})");
  Identities identities = Make();
  VaultSecret secret;
  secret.path = "shop/cosmos";
  secret.field = "key";
  const auto reference = [&] {
    return SecretReference{
        SecretReference::Kind::kVault, "", {}, std::make_shared<const VaultSecret>(secret)};
  };
  EXPECT_EQ(*identities.ReadSecret(reference(), "", {}), "k3y");
  const SeenRequest seen = testing_.network.requests().back();
  EXPECT_EQ(seen.http.url, "https://vault:8200/v1/secret/data/shop/cosmos");
  EXPECT_EQ(seen.Header("X-Vault-Token"), "t0ken");
  secret.field = "other";
  EXPECT_FALSE(identities.ReadSecret(reference(), "", {}).ok());
  answer_ = FakeResponse(403, R"({"errors":["t0ken: permission denied"]})");
  const auto refused = identities.ReadSecret(reference(), "", {});
  EXPECT_EQ(refused.status().code(), StatusCode::kUnauthenticated);
  EXPECT_THAT(refused.status().ToString(), HasSubstr("permission denied"));
  EXPECT_THAT(refused.status().ToString(), Not(HasSubstr("t0ken")));
}

TEST_F(SecretsTest, ConnectionsWithTheSameIdentityShareIt) {
  Identities identities = Make();
  const Cloud& cloud = CloudOf(CloudName::kPublic);
  const auto one = *identities.Provider({}, cloud, "/a");
  EXPECT_EQ(one, *identities.Provider({}, cloud, "/a"));
  AuthSection cli;
  cli.word = AuthKind::kAzureCli;
  EXPECT_NE(one, *identities.Provider(cli, cloud, "/a"));
  EXPECT_NE(one, *identities.Provider({}, CloudOf(CloudName::kChina), "/a"));
}

TEST_F(SecretsTest, PrincipalsWhoseSecretsComeFromElsewhereAreNotTheSame) {
  Identities identities = Make();
  const Cloud& cloud = CloudOf(CloudName::kPublic);
  AuthSection auth;
  auth.service_principal.emplace();
  auth.service_principal->tenant = "t";
  auth.service_principal->client_id = "c";
  auth.service_principal->secret.kind = SecretReference::Kind::kEnvironment;
  auth.service_principal->secret.name = "name";
  const auto from_variable = *identities.Provider(auth, cloud, "/a");
  auth.service_principal->secret.kind = SecretReference::Kind::kFile;
  const auto from_file = *identities.Provider(auth, cloud, "/a");
  EXPECT_NE(from_variable, from_file);
  auth.service_principal->send_certificate_chain = true;
  EXPECT_NE(from_file, *identities.Provider(auth, cloud, "/a"));
}

TEST_F(SecretsTest, AnAuthorityBeyondThisMachineMustSpeakHttps) {
  testing_.variables["AZURE_AUTHORITY_HOST"] = "http://login.example";
  Identities identities = Make();
  EXPECT_EQ(identities.Provider({}, CloudOf(CloudName::kPublic), "").status().code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace spillway
