#include "net/curl_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <semaphore>

#include "net/loopback_server.h"

namespace spillway {
namespace {

constexpr char kOk[] = "HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Length: 2\r\n\r\nhi";

std::unique_ptr<HttpTransport> Transport(CurlOptions options = {}) {
  Result<std::unique_ptr<HttpTransport>> made = MakeCurlTransport(options, SystemClock());
  EXPECT_TRUE(made.ok()) << made.status().ToString();
  return *std::move(made);
}

HttpRequest Post(const std::string& url, std::string_view body) {
  return {.method = HttpMethod::kPost,
          .url = url,
          .headers = {{"content-type", "text/plain"}},
          .body = body};
}

TEST(CurlTransport, SendsMethodHeadersAndBodyAndReadsTheAnswer) {
  std::string seen;
  LoopbackServer server([&](LoopbackConnection& connection) {
    seen = connection.ReadRequest();
    connection.Write(kOk);
    connection.WaitForClose();
  });
  const auto transport = Transport();
  const Result<HttpResponse> response =
      transport->Send({.method = HttpMethod::kPatch,
                       .url = server.Url("/a%20b"),
                       .headers = {{"content-type", "application/json"}, {"x-two", "2"}},
                       .body = "{\"a\":1}"},
                      {});
  ASSERT_TRUE(response.ok()) << response.status().ToString();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->headers.Find("x-one"), "1");
  EXPECT_EQ(response->body, "hi");
  EXPECT_TRUE(seen.starts_with("PATCH /a%20b HTTP/1.1\r\n")) << seen;
  EXPECT_NE(seen.find("x-two: 2\r\n"), std::string::npos);
  EXPECT_EQ(seen.find("Expect"), std::string::npos);
  EXPECT_EQ(seen.find("Accept-Encoding"), std::string::npos);
  EXPECT_TRUE(seen.ends_with("\r\n\r\n{\"a\":1}"));
}

TEST(CurlTransport, EachMethodGoesOutUnderItsName) {
  std::string seen;
  LoopbackServer server([&](LoopbackConnection& connection) {
    while (!(seen = connection.ReadRequest()).empty()) {
      connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + seen.substr(0, 1));
    }
  });
  const auto transport = Transport();
  for (const HttpMethod method : {HttpMethod::kPost, HttpMethod::kGet, HttpMethod::kPut,
                                  HttpMethod::kDelete, HttpMethod::kPatch, HttpMethod::kGet}) {
    const auto response = transport->Send({.method = method, .url = server.Url("/")}, {});
    ASSERT_TRUE(response.ok()) << response.status().ToString();
    EXPECT_EQ(response->body, HttpMethodName(method).substr(0, 1));
  }
}

TEST(CurlTransport, KeepsItsConnectionBetweenRequests) {
  LoopbackServer server([](LoopbackConnection& connection) {
    while (!connection.ReadRequest().empty()) connection.Write(kOk);
  });
  const auto transport = Transport();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(transport->Send(Post(server.Url("/"), "x"), {}).ok());
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(CurlTransport, ALargeBodyArrivesWhole) {
  std::string seen;
  LoopbackServer server([&](LoopbackConnection& connection) {
    seen = connection.ReadRequest();
    connection.Write(kOk);
  });
  const std::string body(3 << 20, 'b');
  ASSERT_TRUE(Transport()->Send(Post(server.Url("/"), body), {}).ok());
  EXPECT_TRUE(seen.ends_with(body));
}

// Lengths around what is joined (64 KiB) and what libcurl takes at a time (256 KiB).
TEST(CurlTransport, ABodyInPiecesArrivesAsTheirJoin) {
  std::mutex mutex;
  std::string seen;
  LoopbackServer server([&](LoopbackConnection& connection) {
    for (std::string request = connection.ReadRequest(); !request.empty();
         request = connection.ReadRequest()) {
      {
        std::lock_guard lock(mutex);
        seen = std::move(request);
      }
      connection.Write(kOk);
    }
  });
  const auto ended_with = [&](const std::string& text) {
    std::lock_guard lock(mutex);
    return seen.ends_with(text);
  };
  const auto transport = Transport();
  for (const size_t size : {0u, 5u, 65'535u, 65'536u, 65'537u, 262'144u, 262'147u, 1'500'000u}) {
    std::string text(size, '?');
    for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * i % 23);
    std::vector<std::string_view> pieces{""};
    for (size_t at = 0, length = 1; at < size; at += length, length = length * 7 % 5'003) {
      pieces.push_back(std::string_view(text).substr(at, length));
    }
    pieces.push_back("");
    HttpRequest request = Post(server.Url("/"), "");
    request.body = HttpBody(std::span<const std::string_view>(pieces));
    ASSERT_TRUE(transport->Send(request, {}).ok()) << size;
    EXPECT_TRUE(ended_with("\r\n\r\n" + text)) << size;
    ASSERT_TRUE(transport->Send(Post(server.Url("/"), "whole"), {}).ok());
    EXPECT_TRUE(ended_with("\r\n\r\nwhole")) << size;
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(CurlTransport, ABodyInPiecesIsSentFromItsBeginningWhenAKeptConnectionWasDead) {
  std::string seen;
  LoopbackServer server([&](LoopbackConnection& connection) {
    seen = connection.ReadRequest();
    connection.Write(kOk);
    connection.ReadRequest();  // and closed without an answer
  });
  const auto transport = Transport();
  ASSERT_TRUE(transport->Send(Post(server.Url("/"), "1"), {}).ok());
  const std::string first(100'000, 'f'), second(300'000, 's');
  const std::string_view pieces[] = {first, second};
  HttpRequest request = Post(server.Url("/"), "");
  request.body = HttpBody(std::span(pieces));
  request.repeatable = true;
  const Result<HttpResponse> response = transport->Send(request, {});
  ASSERT_TRUE(response.ok()) << response.status().ToString();
  EXPECT_TRUE(seen.ends_with("\r\n\r\n" + first + second));
  EXPECT_EQ(server.connections(), 2);
}

TEST(CurlTransport, ARefusedConnectionMeansThatNothingWasSent) {
  std::string url;
  {
    LoopbackServer server([](LoopbackConnection&) {});
    url = server.Url("/");
  }
  const Status refused = Transport()->Send(Post(url, "x"), {}).status();
  EXPECT_EQ(refused.code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(refused.hint()), testing::HasSubstr("endpoint"));
}

// What the server does after it has the request, and no whole answer comes.
TEST(CurlTransport, AnyFailureAfterSendingIsUnsure) {
  const std::function<void(LoopbackConnection&)> endings[] = {
      [](LoopbackConnection& c) { c.ReadRequest(); },
      [](LoopbackConnection& c) { c.ReadRequest(), c.Write("HTTP/1.1 200 OK\r\nContent-Le"); },
      [](LoopbackConnection& c) {
        c.ReadRequest(), c.Write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal");
      },
      [](LoopbackConnection& c) { c.ReadRequest(), c.Write("this is not HTTP\r\n\r\n"); },
      [](LoopbackConnection& c) {
        c.ReadRequest();
        const linger reset{1, 0};
        setsockopt(c.socket(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
      },
      [](LoopbackConnection&) {},  // closed without reading
  };
  int ending = 0;
  for (const auto& script : endings) {
    LoopbackServer server(script);
    const Status status = Transport()->Send(Post(server.Url("/"), "x"), {}).status();
    EXPECT_EQ(status.code(), StatusCode::kUnsure) << ending << ": " << status.ToString();
    ++ending;
  }
}

// The trap: libcurl resends on a fresh connection when a kept one dies without a byte of the
// answer.
TEST(CurlTransport, AWriteIsNeverSentTwiceBehindOurBack) {
  std::atomic<int> requests = 0;
  LoopbackServer server([&](LoopbackConnection& connection) {
    if (connection.ReadRequest().empty()) return;  // libcurl connected, and was not let send
    ++requests;
    connection.Write(kOk);
    if (!connection.ReadRequest().empty()) ++requests;  // taken, perhaps applied, never answered
  });
  const auto transport = Transport();
  ASSERT_TRUE(transport->Send(Post(server.Url("/"), "1"), {}).ok());
  EXPECT_EQ(transport->Send(Post(server.Url("/"), "2"), {}).status().code(), StatusCode::kUnsure);
  EXPECT_EQ(requests, 2);
  EXPECT_TRUE(transport->Send(Post(server.Url("/"), "3"), {}).ok()) << "usable afterwards";
}

TEST(CurlTransport, ARepeatableRequestSurvivesADeadConnection) {
  std::atomic<int> requests = 0;
  LoopbackServer server([&](LoopbackConnection& connection) {
    connection.ReadRequest();
    ++requests;
    connection.Write(kOk);
    if (!connection.ReadRequest().empty()) ++requests;
  });
  const auto transport = Transport();
  HttpRequest request = Post(server.Url("/"), "1");
  request.repeatable = true;
  ASSERT_TRUE(transport->Send(request, {}).ok());
  EXPECT_TRUE(transport->Send(request, {}).ok());
  EXPECT_EQ(requests, 3);
}

TEST(CurlTransport, ConnectionClosedWhileIdleIsReplacedWithoutAnError) {
  std::binary_semaphore closed(0);
  LoopbackServer server([&](LoopbackConnection& connection) {
    connection.ReadRequest();
    connection.Write(kOk);
    shutdown(connection.socket(), SHUT_RDWR);
    closed.release();
  });
  const auto transport = Transport();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(transport->Send(Post(server.Url("/"), "x"), {}).ok()) << i;
    closed.acquire();
  }
  EXPECT_EQ(server.connections(), 3);
}

TEST(CurlTransport, AStopEndsAWaitingRequestAtOnce) {
  std::stop_source stop;
  LoopbackServer server([&](LoopbackConnection& connection) {
    connection.ReadRequest();
    stop.request_stop();
    connection.WaitForClose();
  });
  const auto transport = Transport();
  EXPECT_EQ(transport->Send(Post(server.Url("/"), "x"), {.stop = stop.get_token()}).status().code(),
            StatusCode::kUnsure);
  EXPECT_EQ(transport->Send(Post(server.Url("/"), "x"), {.stop = stop.get_token()}).status().code(),
            StatusCode::kCancelled);
}

TEST(CurlTransport, DeadlinesAndTimeoutsEndARequest) {
  // A busy machine has sent the request by then.
  constexpr std::chrono::milliseconds kEnough{500};
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.ReadRequest();
    connection.WaitForClose();
  });
  const auto impatient = Transport({.request_timeout = kEnough});
  EXPECT_EQ(impatient->Send(Post(server.Url("/"), "x"), {}).status().code(), StatusCode::kUnsure);
  const auto transport = Transport();
  const SteadyTime soon = SystemClock().Now() + kEnough;
  EXPECT_EQ(
      transport->Send(Post(server.Url("/"), "x"), {.stop = {}, .deadline = soon}).status().code(),
      StatusCode::kUnsure);
  EXPECT_EQ(
      transport->Send(Post(server.Url("/"), "x"), {.stop = {}, .deadline = soon}).status().code(),
      StatusCode::kUnavailable);
}

TEST(CurlTransport, AnEndlessAnswerIsCutOff) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.ReadRequest();
    connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" +
                     std::string(100000, 'x'));
    connection.WaitForClose();
  });
  const Status status =
      Transport({.response_bytes_max = 5000})->Send(Post(server.Url("/"), "x"), {}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnsure);
  EXPECT_NE(status.message().find("longer than 5000"), std::string_view::npos);
}

TEST(CurlTransport, RedirectsAreAnswersNotOrders) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.ReadRequest();
    connection.Write(
        "HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
  });
  const Result<HttpResponse> response = Transport()->Send(Post(server.Url("/"), "x"), {});
  ASSERT_TRUE(response.ok()) << response.status().ToString();
  EXPECT_EQ(response->status, 307);
}

TEST(CurlTransport, PlainHttpBeyondThisMachineIsRefused) {
  const auto transport = Transport();
  for (const char* url :
       {"http://example.com/", "http://10.0.0.1:80/", "ftp://127.0.0.1/", "nonsense"}) {
    EXPECT_EQ(transport->Send(Post(url, "x"), {}).status().code(), StatusCode::kInvalidArgument)
        << url;
  }
}

TEST(CurlTransport, TlsToAPlainServerIsAClearError) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.Write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  });
  const Status status =
      Transport()
          ->Send(Post("https://127.0.0.1:" + std::to_string(server.port()) + "/", "x"), {})
          .status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status.ToString();
  EXPECT_NE(status.hint().find("https"), std::string_view::npos);
}

TEST(CurlTransport, ACertificateFileThatCannotBeReadIsNamed) {
  LoopbackServer server([](LoopbackConnection& connection) { connection.WaitForClose(); });
  const auto transport = Transport({.ca_file = "/nowhere/ca.pem"});
  const std::string url = "https://127.0.0.1:" + std::to_string(server.port()) + "/";
  const Status status = transport->Send(Post(url, "x"), {}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status.ToString();
  EXPECT_THAT(status.ToString(), testing::HasSubstr("/nowhere/ca.pem"));
}

}  // namespace
}  // namespace spillway
