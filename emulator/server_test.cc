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

// Sends `text` and returns everything until the server closes.
std::string Exchange(uint16_t port, const std::string& text) {
  const int socket_fd = Connect(port);
  EXPECT_EQ(send(socket_fd, text.data(), text.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(text.size()));
  std::string reply;
  char chunk[4096];
  ssize_t count = 0;
  while ((count = recv(socket_fd, chunk, sizeof(chunk), 0)) > 0) {
    reply.append(chunk, static_cast<size_t>(count));
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
    const std::string made = Exchange(
        server_->port(),
        Http("POST", "/dbs/d/colls", R"({"id":"c","partitionKey":{"paths":["/pk"],"version":2}})"));
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

// RFC 9113, sections 6.5 and 6.8: SETTINGS, then GOAWAY with HTTP_1_1_REQUIRED.
TEST_F(ServerTest, TellsHttp2ClientsThatItSpeaksHttp11) {
  const std::string reply = Exchange(
      server_->port(), std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", 33));
  EXPECT_EQ(reply, std::string("\0\0\0\x04\0\0\0\0\0\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x0d", 26));
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

TEST_F(ServerTest, TheControlPortRefusesOtherHosts) {
  EXPECT_THAT(
      Exchange(control_port(), "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
      StartsWith("HTTP/1.1 403"));
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
