#include "sources/delta/delta_test_store.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include "base/check.h"

namespace spillway {
namespace {

constexpr int kPollMs = 20;  // how soon the thread sees that it should end
constexpr std::string_view kDate = "Mon, 01 Jan 2024 00:00:00 GMT";

std::string Reply(int status, std::string_view body, std::string_view headers = "") {
  return fmt::format(
      "HTTP/1.1 {} X\r\nContent-Length: {}\r\nLast-Modified: {}\r\n"
      "ETag: \"e\"\r\n{}\r\n{}",
      status, body.size(), kDate, headers, body);
}

std::string PercentDecoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string QueryValue(std::string_view query, std::string_view key) {
  std::stringstream parts{std::string(query)};
  for (std::string part; std::getline(parts, part, '&');) {
    if (part.starts_with(std::string(key) + '=')) {
      return PercentDecoded(std::string_view(part).substr(key.size() + 1));
    }
  }
  return "";
}

std::string ReadRequest(int connection) {
  std::string request;
  char buffer[4096];
  while (request.find("\r\n\r\n") == std::string::npos) {
    const ssize_t got = recv(connection, buffer, sizeof buffer, 0);
    if (got <= 0) return "";
    request.append(buffer, static_cast<size_t>(got));
  }
  return request;
}

void Send(int connection, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = send(connection, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    text.remove_prefix(static_cast<size_t>(sent));
  }
}

}  // namespace

DeltaTestStore::DeltaTestStore(std::filesystem::path folder) : folder_(std::move(folder)) {
  listener_ = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  SPILLWAY_CHECK(bind(listener_, any, size) == 0 && listen(listener_, 128) == 0);
  SPILLWAY_CHECK(getsockname(listener_, any, &size) == 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::jthread([this](const std::stop_token& stop) { Accept(stop); });
}

DeltaTestStore::~DeltaTestStore() {
  acceptor_.request_stop();
  acceptor_.join();
  for (const int connection : connections_) shutdown(connection, SHUT_RDWR);
  servers_.clear();
  for (const int connection : connections_) close(connection);
  close(listener_);
}

std::map<std::string, std::string> DeltaTestStore::storage() const {
  return {{"aws_endpoint", fmt::format("http://127.0.0.1:{}", port_)},
          {"aws_access_key_id", "key"},
          {"aws_secret_access_key", "secret"},
          {"retries_max", "0"}};
}

void DeltaTestStore::Accept(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd waiting{.fd = listener_, .events = POLLIN, .revents = 0};
    if (poll(&waiting, 1, kPollMs) <= 0) continue;
    const int connection = accept(listener_, nullptr, nullptr);
    if (connection < 0) continue;
    connections_.push_back(connection);
    servers_.emplace_back([this, connection] { Serve(connection); });
  }
}

void DeltaTestStore::Serve(int connection) {
  while (true) {
    const std::string request = ReadRequest(connection);
    if (request.empty()) return;
    if (silent_) {
      ++unanswered_;
      unanswered_.notify_all();
      continue;
    }
    Send(connection, Answer(request));
  }
}

std::string DeltaTestStore::Answer(const std::string& request) {
  ++requests_;
  const bool head = request.starts_with("HEAD ");
  if (status_ != 0) return Reply(status_, head ? "" : "<Error/>");
  const size_t begin = request.find(' ') + 1;
  const std::string target = request.substr(begin, request.find(' ', begin) - begin);
  const size_t question = target.find('?');
  if (question != std::string::npos) return List(std::string_view(target).substr(question + 1));
  const std::string key = PercentDecoded(target);
  if (!key.starts_with("/lake/t/")) return Reply(404, "");
  return Read(key.substr(8), request, head);
}

std::string DeltaTestStore::List(std::string_view query) {
  ++listings_;
  const std::string prefix = QueryValue(query, "prefix");
  const std::string after = QueryValue(query, "start-after");
  std::set<std::string> keys;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
    const std::string key = "t/" + std::filesystem::relative(entry.path(), folder_).string();
    if (entry.is_regular_file() && key.starts_with(prefix) && key > after) keys.insert(key);
  }
  std::string body = "<ListBucketResult><IsTruncated>false</IsTruncated>";
  for (const std::string& key : keys) {
    body += fmt::format(
        "<Contents><Key>{}</Key><LastModified>2024-01-01T00:00:00Z</LastModified>"
        "<ETag>e</ETag><Size>{}</Size></Contents>",
        key, std::filesystem::file_size(folder_ / key.substr(2)));
  }
  return Reply(200, body + "</ListBucketResult>", "Content-Type: application/xml\r\n");
}

void DeltaTestStore::Hide(const std::string& key) {
  const std::lock_guard lock(mutex_);
  hidden_ = key;
}

std::string DeltaTestStore::Read(const std::string& key, const std::string& request, bool head) {
  {
    const std::lock_guard lock(mutex_);
    if (key == hidden_) return Reply(404, "");
  }
  std::ifstream file(folder_ / key, std::ios::binary);
  if (!file) return Reply(404, "");
  std::string content{std::istreambuf_iterator<char>(file), {}};
  if (head) {
    return fmt::format(
        "HTTP/1.1 200 X\r\nContent-Length: {}\r\nLast-Modified: {}\r\n"
        "ETag: \"e\"\r\n\r\n",
        content.size(), kDate);
  }
  ++reads_;
  size_t range = request.find("range: bytes=");
  if (range == std::string::npos) return Reply(200, content);
  range += std::string_view("range: bytes=").size();
  const size_t first = std::stoull(request.substr(range));
  const size_t last = std::stoull(request.substr(request.find('-', range) + 1));
  if (first >= content.size()) return Reply(416, "");
  const std::string part = content.substr(first, last - first + 1);
  return Reply(206, part,
               fmt::format("Content-Range: bytes {}-{}/{}\r\n", first, first + part.size() - 1,
                           content.size()));
}

}  // namespace spillway
