// A server for tests: accepts connections on a free loopback port and hands each to a script, so
// that a test decides byte by byte what a client meets.
#ifndef SPILLWAY_NET_LOOPBACK_SERVER_H_
#define SPILLWAY_NET_LOOPBACK_SERVER_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"

namespace spillway {

// One accepted connection. Reads end at the other side's close or when the server stops.
class LoopbackConnection {
 public:
  LoopbackConnection(int socket, std::stop_token stop) : socket_(socket), stop_(std::move(stop)) {}
  ~LoopbackConnection() { close(socket_); }
  int socket() const { return socket_; }

  // A whole request with its body; empty when there is none to come.
  std::string ReadRequest() {
    std::string text;
    while (true) {
      const size_t head = text.find("\r\n\r\n");
      if (head != std::string::npos && text.size() >= head + 4 + BodyBytes(text)) return text;
      char bytes[4096];
      const ssize_t got = Wait() ? recv(socket_, bytes, sizeof(bytes), 0) : 0;
      if (got <= 0) return {};
      text.append(bytes, static_cast<size_t>(got));
    }
  }

  void Write(const std::string& text) {
    for (size_t sent = 0; sent < text.size();) {
      const ssize_t count = send(socket_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) return;
      sent += static_cast<size_t>(count);
    }
  }

  // Until the client closes, or the server stops.
  void WaitForClose() {
    char byte = 0;
    while (Wait() && recv(socket_, &byte, 1, 0) > 0) {
    }
  }

 private:
  static size_t BodyBytes(const std::string& text) {
    const size_t at = text.find("Content-Length: ");
    size_t bytes = 0;
    if (at != std::string::npos) {
      std::from_chars(text.data() + at + 16, text.data() + text.size(), bytes);
    }
    return bytes;
  }
  bool Wait() {
    while (!stop_.stop_requested()) {
      pollfd ready{socket_, POLLIN, 0};
      if (poll(&ready, 1, 20) > 0) return true;
    }
    return false;
  }

  const int socket_;
  const std::stop_token stop_;
};

class LoopbackServer {
 public:
  using Script = std::function<void(LoopbackConnection&)>;

  explicit LoopbackServer(Script script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    SPILLWAY_CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    SPILLWAY_CHECK(listen(listener_, 16) == 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::jthread([this](std::stop_token stop) { Accept(stop); });
  }
  ~LoopbackServer() {
    acceptor_ = {};
    close(listener_);
  }

  int port() const { return port_; }
  std::string Url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  int connections() const { return connections_; }

 private:
  void Accept(const std::stop_token& stop) {
    std::vector<std::jthread> sessions;
    while (!stop.stop_requested()) {
      pollfd ready{listener_, POLLIN, 0};
      if (poll(&ready, 1, 20) <= 0) continue;
      const int socket = accept(listener_, nullptr, nullptr);
      if (socket < 0) continue;
      ++connections_;
      sessions.emplace_back([this, socket](std::stop_token session_stop) {
        LoopbackConnection connection(socket, session_stop);
        script_(connection);
      });
    }
  }

  const Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_ = 0;
  std::jthread acceptor_;
};

}  // namespace spillway

#endif  // SPILLWAY_NET_LOOPBACK_SERVER_H_
