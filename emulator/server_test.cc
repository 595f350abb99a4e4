// The whole server over sockets: TLS and plain HTTP on one port, what HTTP itself may do wrong, and
// the control port.
#include "emulator/server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "base/clock.h"
#include "emulator/json/value.h"

namespace spillway::emulator {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

int Connect(uint16_t port) {
  const int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(socket_fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  return socket_fd;
}

std::string Receive(int socket_fd) {
  char chunk[4096];
  const ssize_t count = recv(socket_fd, chunk, sizeof(chunk), 0);
  return std::string(chunk, count > 0 ? static_cast<size_t>(count) : 0);
}

// Sends `text` and returns everything until the server closes.
std::string Exchange(uint16_t port, const std::string& text) {
  const int socket_fd = Connect(port);
  EXPECT_EQ(send(socket_fd, text.data(), text.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(text.size()));
  std::string reply;
  for (std::string part = Receive(socket_fd); !part.empty(); part = Receive(socket_fd)) {
    reply += part;
  }
  close(socket_fd);
  return reply;
}

std::string Http(const std::string& verb, const std::string& path, const std::string& body = "",
                 const std::string& headers = "") {
  return verb + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    RunOptions options;
    options.server.check_signatures = false;
    options.server.unlimited = true;
    options.control_port = 0;
    auto started = Server::Start(options, SystemClock());
    EXPECT_TRUE(started.ok()) << started.status().ToString();
    server_ = *std::move(started);
  }

  uint16_t control_port() const {
    const std::string endpoint = server_->control_endpoint();
    return static_cast<uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));
  }

  void MakeContainer() {
    Exchange(server_->port(), Http("POST", "/dbs", R"({"id":"d"})"));
    const std::string made =
        Exchange(server_->port(), Http("POST", "/dbs/d/colls",
                                       R"({"id":"c","partitionKey":{"paths":["/pk"],"version":2}})",
                                       "x-ms-offer-throughput: 400\r\n"));
    ASSERT_THAT(made, StartsWith("HTTP/1.1 201"));
  }

  std::string Upsert() {
    return Exchange(server_->port(), Http("POST", "/dbs/d/colls/c/docs", R"({"id":"1","pk":"a"})",
                                          "x-ms-documentdb-partitionkey: [\"a\"]\r\n"
                                          "x-ms-documentdb-is-upsert: true\r\n"));
  }

  std::string Read() {
    return Exchange(server_->port(), Http("GET", "/dbs/d/colls/c/docs/1", "",
                                          "x-ms-documentdb-partitionkey: [\"a\"]\r\n"));
  }

  std::string Control(const std::string& path, const std::string& body) {
    return Exchange(control_port(), Http("POST", path, body));
  }

  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, SpeaksPlainHttp) {
  const std::string reply = Exchange(server_->port(), Http("GET", "/"));
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(reply, HasSubstr("http://localhost/"));
}

TEST_F(ServerTest, SpeaksTlsOnTheSamePortWithACertificateForLocalhost) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* ssl = SSL_new(context);
  const int socket_fd = Connect(server_->port());
  SSL_set_fd(ssl, socket_fd);
  const unsigned char protocols[] = "\x02h2\x08http/1.1";
  SSL_set_alpn_protos(ssl, protocols, sizeof(protocols) - 1);
  ASSERT_EQ(SSL_connect(ssl), 1);
  const unsigned char* chosen = nullptr;
  unsigned int chosen_size = 0;
  SSL_get0_alpn_selected(ssl, &chosen, &chosen_size);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), chosen_size), "http/1.1");
  X509* certificate = SSL_get1_peer_certificate(ssl);
  EXPECT_EQ(X509_check_host(certificate, "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate, "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate, "::1", 0), 1);
  X509_free(certificate);
  const std::string request = Http("GET", "/");
  SSL_write(ssl, request.data(), static_cast<int>(request.size()));
  char reply[16384];
  const int count = SSL_read(ssl, reply, sizeof(reply));
  ASSERT_GT(count, 0);
  EXPECT_THAT(std::string(reply, static_cast<size_t>(count)), StartsWith("HTTP/1.1 200 OK"));
  SSL_free(ssl);
  SSL_CTX_free(context);
  close(socket_fd);
}

// Larger than a record of TLS (RFC 8446, section 5.1).
TEST_F(ServerTest, ALargeReplyArrivesWholeOverTls) {
  MakeContainer();
  const std::string body = R"({"id":"1","pk":"a","text":")" + std::string(100'000, 'x') + R"("})";
  const std::string stored = Exchange(
      server_->port(),
      Http("POST", "/dbs/d/colls/c/docs", body, "x-ms-documentdb-partitionkey: [\"a\"]\r\n"));
  ASSERT_THAT(stored, StartsWith("HTTP/1.1 201"));
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* ssl = SSL_new(context);
  const int socket_fd = Connect(server_->port());
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  setsockopt(socket_fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  SSL_set_fd(ssl, socket_fd);
  ASSERT_EQ(SSL_connect(ssl), 1);
  const std::string request =
      Http("GET", "/dbs/d/colls/c/docs/1", "", "x-ms-documentdb-partitionkey: [\"a\"]\r\n");
  SSL_write(ssl, request.data(), static_cast<int>(request.size()));
  std::string reply;
  char part[16384];
  for (int count = SSL_read(ssl, part, sizeof(part)); count > 0;
       count = SSL_read(ssl, part, sizeof(part))) {
    reply.append(part, static_cast<size_t>(count));
  }
  EXPECT_THAT(reply, HasSubstr(std::string(100'000, 'x')));
  SSL_free(ssl);
  SSL_CTX_free(context);
  close(socket_fd);
}

TEST_F(ServerTest, KeepsConnectionsAlive) {
  const std::string request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::string reply = Exchange(server_->port(), request + request + Http("GET", "/dbs"));
  size_t replies = 0;
  for (size_t at = reply.find("HTTP/1.1 200"); at != std::string::npos;
       at = reply.find("HTTP/1.1 200", at + 1)) {
    ++replies;
  }
  EXPECT_EQ(replies, 3u);
}

TEST_F(ServerTest, TakesChunkedBodies) {
  const std::string reply = Exchange(server_->port(),
                                     "POST /dbs HTTP/1.1\r\nHost: localhost\r\nConnection: "
                                     "close\r\nTransfer-Encoding: chunked\r\n\r\n"
                                     "5\r\n{\"id\"\r\n6\r\n:\"ch\"}\r\n0\r\n\r\n");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 201"));
}

TEST_F(ServerTest, EndsBrokenConnectionsCleanly) {
  EXPECT_THAT(Exchange(server_->port(), "nonsense\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  Exchange(server_->port(), "GET / HTTP/1.1\r\nBad\r\n\r\n");
  EXPECT_THAT(Exchange(server_->port(), "GET / HTTP/1.1\r\nX: " + std::string(100'000, 'x')),
              StartsWith("HTTP/1.1 431"));
  EXPECT_THAT(Exchange(server_->port(), "POST /dbs HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n"),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(Exchange(server_->port(), Http("GET", "/")), StartsWith("HTTP/1.1 200"));
}

// SETTINGS at once; GOAWAY with HTTP_1_1_REQUIRED only when there is a request that it answers:
// clients take a connection that ends before for broken, and do not come back with HTTP/1.1.
TEST_F(ServerTest, TellsHttp2ClientsThatItSpeaksHttp11WhenTheyHaveAskedSomething) {
  const std::string settings("\0\0\0\x04\0\0\0\0\0", 9);
  const std::string request("\0\0\x01\x01\x05\0\0\0\x01\x82", 10);
  const int socket_fd = Connect(server_->port());
  const std::string begin = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings;
  send(socket_fd, begin.data(), begin.size(), MSG_NOSIGNAL);
  EXPECT_EQ(Receive(socket_fd), settings);
  send(socket_fd, request.data(), request.size(), MSG_NOSIGNAL);
  EXPECT_EQ(Receive(socket_fd), std::string("\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x0d", 17));
  EXPECT_EQ(Receive(socket_fd), "");
  close(socket_fd);
}

TEST_F(ServerTest, ListensOnBothLoopbackAddresses) {
  const int socket_fd = socket(AF_INET6, SOCK_STREAM, 0);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(server_->port());
  address.sin6_addr = in6addr_loopback;
  ASSERT_EQ(connect(socket_fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  const std::string request = Http("GET", "/");
  send(socket_fd, request.data(), request.size(), MSG_NOSIGNAL);
  EXPECT_THAT(Receive(socket_fd), StartsWith("HTTP/1.1 200 OK"));
  close(socket_fd);
}

// Sockets are at times said to be readable before they are.
TEST_F(ServerTest, WaitsForTheFirstByteOfEveryConnection) {
  constexpr int kConnections = 500;
  std::vector<int> sockets;
  for (int i = 0; i < kConnections; ++i) sockets.push_back(Connect(server_->port()));
  const std::string request = Http("GET", "/");
  int answered = 0;
  for (const int socket_fd : sockets) {
    send(socket_fd, request.data(), request.size(), MSG_NOSIGNAL);
    answered += Receive(socket_fd).starts_with("HTTP/1.1 200 OK");
    close(socket_fd);
  }
  EXPECT_EQ(answered, kConnections);
}

// An index report of many paths.
TEST_F(ServerTest, AReplyWhoseHeaderIsTooLargeIsAnErrorAndNoEnd) {
  MakeContainer();
  std::string query = "SELECT * FROM c WHERE c.p0 = 0";
  for (int i = 1; i < 1000; ++i) query += " AND c.p" + std::to_string(i) + " = 0";
  const std::string asked = Exchange(
      server_->port(), Http("POST", "/dbs/d/colls/c/docs", R"({"query":")" + query + R"("})",
                            "Content-Type: application/query+json\r\n"
                            "x-ms-documentdb-isquery: true\r\n"
                            "x-ms-documentdb-partitionkey: [\"a\"]\r\n"
                            "x-ms-cosmos-populateindexmetrics: true\r\n"));
  EXPECT_THAT(asked, StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(Read(), StartsWith("HTTP/1.1 404"));
}

TEST_F(ServerTest, RefusesALargeBodyWithAReplyThatArrivesWhileItIsStillSent) {
  const std::string begin = "POST /dbs HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n";
  EXPECT_THAT(Exchange(server_->port(), begin + std::string(1'000'000, 'x')),
              StartsWith("HTTP/1.1 413"));
}

TEST_F(ServerTest, FaultsReachTheSocket) {
  MakeContainer();
  Control("/faults", R"({"operation":"upsert","effect":"reset","moment":"after","count":1})");
  EXPECT_EQ(Upsert(), "");
  EXPECT_THAT(Read(), StartsWith("HTTP/1.1 200"));
  Control("/faults", R"({"operation":"upsert","effect":"truncate","count":1})");
  const std::string half = Upsert();
  EXPECT_THAT(half, StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(half.find("_ts"), std::string::npos);
  Control("/faults",
          R"({"operation":"read","delay_ms":1,"drip_bytes_per_second":20000,"count":1})");
  const std::string dripped = Read();
  EXPECT_THAT(dripped, HasSubstr("\"_ts\":"));
}

TEST_F(ServerTest, TheControlPortSplitsAndTellsTheHistory) {
  MakeContainer();
  Control("/history", R"({"enabled":true})");
  Upsert();
  EXPECT_THAT(Exchange(control_port(), Http("GET", "/history?from=0")),
              HasSubstr(R"("operation":"create","id":"1")"));
  EXPECT_THAT(Control("/split", R"({"container":"d/c","range":"0"})"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Control("/split", R"({"container":"d/c","range":"0"})"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Exchange(control_port(), Http("GET", "/")), HasSubstr(R"("parents":["0"])"));
  EXPECT_THAT(Control("/merge", R"({"container":"d/c","ranges":["1","2"]})"),
              StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Control("/throughput", R"({"container":"d/c","manual":1000})"),
              StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Control("/clock", R"({"advance_ms":1000})"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Control("/nope", "{}"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Read(), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Control("/reset", ""), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Read(), StartsWith("HTTP/1.1 404"));
}

TEST_F(ServerTest, ASplitThatTakesTimeAnswers410) {
  MakeContainer();
  Control("/split", R"({"container":"d/c","range":"0","window_ms":60000})");
  const std::string reply = Exchange(
      server_->port(),
      Http("GET", "/dbs/d/colls/c/docs", "", "x-ms-documentdb-partitionkeyrangeid: 0\r\n"));
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 410"));
  EXPECT_THAT(reply, HasSubstr("x-ms-substatus: 1007"));
}

TEST_F(ServerTest, AMergeThatTakesTimeAnswers410AndOneThatFailsEndsThat) {
  MakeContainer();
  Control("/split", R"({"container":"d/c","range":"0"})");
  Control("/split", R"({"container":"d/c","range":"2"})");
  const auto read = [&](const std::string& range) {
    return Exchange(server_->port(),
                    Http("GET", "/dbs/d/colls/c/docs", "",
                         "x-ms-documentdb-partitionkeyrangeid: " + range + "\r\n"));
  };
  EXPECT_THAT(Control("/merge", R"({"container":"d/c","ranges":["3","9"],"window_ms":60000})"),
              StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(read("3"), StartsWith("HTTP/1.1 200"));
  // No neighbours: found out when the window ends.
  Control("/merge", R"({"container":"d/c","ranges":["1","4"],"window_ms":1})");
  while (read("1").starts_with("HTTP/1.1 410")) std::this_thread::yield();
  Control("/merge", R"({"container":"d/c","ranges":["3","4"],"window_ms":60000})");
  for (const std::string range : {"3", "4"}) {
    EXPECT_THAT(read(range), StartsWith("HTTP/1.1 410"));
    EXPECT_THAT(read(range), HasSubstr("x-ms-substatus: 1007"));
  }
  EXPECT_THAT(read("1"), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, TheControlPortRefusesOtherHosts) {
  EXPECT_THAT(
      Exchange(control_port(), "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
      StartsWith("HTTP/1.1 403"));
}

// As the strictest of clients check it: the certificate shown is no authority, its authority is
// trusted by file, and every extension is there.
TEST(Server, ShowsACertificateThatItsAuthoritysFileMakesTrusted) {
  const std::string folder = testing::TempDir() + "/server-certificate";
  RunOptions options;
  options.certificate_folder = folder;
  for (int start = 0; start < 2; ++start) {
    const auto server = Server::Start(options, SystemClock());
    ASSERT_TRUE(server.ok());
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    ASSERT_EQ(SSL_CTX_load_verify_locations(context, (folder + "/emulator.crt").c_str(), nullptr),
              1);
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_X509_STRICT);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL* ssl = SSL_new(context);
    SSL_set1_host(ssl, "localhost");
    const int socket_fd = Connect((*server)->port());
    SSL_set_fd(ssl, socket_fd);
    EXPECT_EQ(SSL_connect(ssl), 1) << SSL_get_verify_result(ssl);
    X509* shown = SSL_get1_peer_certificate(ssl);
    EXPECT_EQ(X509_check_ca(shown), 0);
    X509_free(shown);
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(socket_fd);
  }
  std::filesystem::remove_all(folder);
}

TEST(Server, NeedsAKeyOfItsOwnBeyondLoopback) {
  RunOptions options;
  options.host = "0.0.0.0";
  EXPECT_EQ(Server::Start(options, SystemClock()).status().code(), StatusCode::kInvalidArgument);
  options.tls = false;
  options.server.key_base64 = "a2V5";
  EXPECT_EQ(Server::Start(options, SystemClock()).status().code(), StatusCode::kInvalidArgument);
}

TEST(Server, SaysWhenThePortIsTaken) {
  RunOptions options;
  const auto first = Server::Start(options, SystemClock());
  ASSERT_TRUE(first.ok());
  options.port = (*first)->port();
  EXPECT_EQ(Server::Start(options, SystemClock()).status().code(), StatusCode::kUnavailable);
}

TEST(Server, RefusesAKeyThatIsNoBase64) {
  RunOptions options;
  options.server.key_base64 = "not base64!";
  EXPECT_EQ(Server::Start(options, SystemClock()).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace spillway::emulator
