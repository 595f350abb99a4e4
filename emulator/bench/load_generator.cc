// spillway-emulator-load: how much a local server takes. Sends bulk requests of 100 upserts, point
// upserts or point reads over keep-alive connections, and counts the CPU time of the server
// process, so that a shared machine and the generator's own work do not blur the figure. With
// --rate it sends at that pace, and reports how long after its due time each request was answered.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <mutex>
#include <sstream>
#include <thread>

#include "base/clock.h"
#include "destinations/cosmosdb/partition_hash.h"
#include "emulator/service/signature.h"
#include "emulator/store/rid.h"

namespace spillway::emulator {
namespace {

constexpr size_t kDocumentsPerBulk = 100;
constexpr int kReplyBytesMax = 8 * 1024 * 1024;

struct Options {
  uint16_t port = 8081;
  int pid = 0;
  std::string mode = "bulk";
  uint64_t documents = 1'000'000;
  // Distinct requests, made beforehand and sent in turn; further rounds replace the same documents.
  uint64_t distinct_documents = 200'000;
  size_t document_bytes = 1024;
  uint32_t connections = 8;
  uint32_t ranges = 8;
  bool minimal = true;
  double rate = 0;  // requests a second; 0: as many as go
};

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "spillway-emulator-load: %s\n", what.c_str());
  std::exit(1);
}

// Why a system call on a socket moved nothing: `count` is what it returned.
std::string LastError(ssize_t count) {
  return count == 0 ? "the server closed it" : std::strerror(errno);
}

std::string Encoded(const std::string& text) {
  std::string encoded;
  for (const char c : text) {
    encoded += c == '+' ? "%2B" : c == '/' ? "%2F" : c == '=' ? "%3D" : std::string(1, c);
  }
  return encoded;
}

std::string RequestText(const std::string& verb, const std::string& path, const std::string& type,
                        const std::string& link, const std::string& headers,
                        const std::string& body) {
  const std::string date = FormatRfc1123(SystemClock().WallNow());
  const std::string signature = Sign(*DecodeBase64(kWellKnownKey), verb, type, link, date);
  return verb + " " + path + " HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n" +
         "Content-Type: application/json\r\nx-ms-version: 2020-07-15\r\nx-ms-date: " + date +
         "\r\nauthorization: type%3Dmaster%26ver%3D1.0%26sig%3D" + Encoded(signature) + "\r\n" +
         headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class Connection {
 public:
  explicit Connection(uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      Fail("cannot connect to port " + std::to_string(port));
    }
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  ~Connection() { close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The status code; the body stays in `buffer`.
  int Send(const std::string& request) {
    for (size_t sent = 0; sent < request.size();) {
      const ssize_t count =
          send(socket_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) Fail("the connection broke while sending: " + LastError(count));
      sent += static_cast<size_t>(count);
    }
    buffer_.clear();
    size_t head = std::string::npos;
    while ((head = buffer_.find("\r\n\r\n")) == std::string::npos) Receive();
    const size_t length_at = buffer_.find("Content-Length: ");
    const size_t length =
        length_at < head ? std::strtoul(buffer_.c_str() + length_at + 16, nullptr, 10) : 0;
    while (buffer_.size() < head + 4 + length) Receive();
    return std::atoi(buffer_.c_str() + 9);
  }

  const std::string& buffer() const { return buffer_; }

 private:
  void Receive() {
    if (buffer_.size() > kReplyBytesMax) Fail("a reply is too large");
    char chunk[65536];
    const ssize_t count = recv(socket_, chunk, sizeof(chunk), 0);
    if (count <= 0) Fail("the connection broke while receiving: " + LastError(count));
    buffer_.append(chunk, static_cast<size_t>(count));
  }

  const int socket_;
  std::string buffer_;
};

// About `bytes` long, with mixed types.
std::string Document(uint64_t number, size_t bytes) {
  std::string text =
      "{\"id\":\"d" + std::to_string(number) + "\",\"pk\":\"k" + std::to_string(number) + "\"";
  for (int i = 0; text.size() + 60 < bytes; ++i) {
    const std::string name = ",\"field" + std::to_string(i) + "\":";
    const uint64_t value = number * 31 + static_cast<uint64_t>(i);
    if (i % 4 == 0) text += name + std::to_string(value);
    if (i % 4 == 1) text += name + "\"some text number " + std::to_string(value) + " in a field\"";
    if (i % 4 == 2) text += name + (value % 2 == 0 ? "true" : "false");
    if (i % 4 == 3) text += name + "{\"x\":" + std::to_string(value) + ".5,\"y\":[1,2,3]}";
  }
  return text + "}";
}

uint32_t RangeOf(uint64_t number, const std::vector<std::string>& bounds) {
  const std::string pk = "k" + std::to_string(number);
  const cosmosdb::KeyComponent key[] = {std::string_view(pk)};
  const std::string epk = cosmosdb::Epk(cosmosdb::HashKind::kV2, key);
  uint32_t range = 0;
  while (range < bounds.size() && cosmosdb::CompareEpk(bounds[range], epk) <= 0) ++range;
  return range;
}

std::vector<std::string> BulkRequests(const Options& options) {
  const auto bounds = cosmosdb::EvenEpkBounds(cosmosdb::HashKind::kV2, options.ranges);
  std::vector<std::string> bodies(options.ranges);
  std::vector<size_t> counts(options.ranges, 0);
  std::vector<std::string> requests;
  for (uint64_t number = 0; number < options.distinct_documents; ++number) {
    const uint32_t range = RangeOf(number, bounds);
    std::string& body = bodies[range];
    body += std::string(body.empty() ? "[" : ",") +
            "{\"operationType\":\"Upsert\",\"partitionKey\":\"[\\\"k" + std::to_string(number) +
            "\\\"]\",\"resourceBody\":" + Document(number, options.document_bytes) + "}";
    if (++counts[range] < kDocumentsPerBulk) continue;
    requests.push_back(RequestText(
        "POST", "/dbs/load/colls/c/docs", "docs", "dbs/load/colls/c",
        "x-ms-cosmos-is-batch-request: True\r\nx-ms-cosmos-batch-atomic: False\r\n"
        "x-ms-cosmos-batch-continue-on-error: True\r\nx-ms-documentdb-partitionkeyrangeid: " +
            std::to_string(range) + "\r\n" + (options.minimal ? "prefer: return=minimal\r\n" : ""),
        body + "]"));
    body.clear();
    counts[range] = 0;
  }
  return requests;
}

std::vector<std::string> PointRequests(const Options& options, bool read) {
  std::vector<std::string> requests;
  for (uint64_t number = 0; number < options.distinct_documents; ++number) {
    const std::string id = "d" + std::to_string(number);
    const std::string key =
        "x-ms-documentdb-partitionkey: [\"k" + std::to_string(number) + "\"]\r\n";
    requests.push_back(read ? RequestText("GET", "/dbs/load/colls/c/docs/" + id, "docs",
                                          "dbs/load/colls/c/docs/" + id, key, "")
                            : RequestText("POST", "/dbs/load/colls/c/docs", "docs",
                                          "dbs/load/colls/c",
                                          key + "x-ms-documentdb-is-upsert: True\r\n" +
                                              (options.minimal ? "prefer: return=minimal\r\n" : ""),
                                          Document(number, options.document_bytes)));
  }
  return requests;
}

void MakeContainer(const Options& options) {
  Connection connection(options.port);
  connection.Send(RequestText("POST", "/dbs", "dbs", "", "", "{\"id\":\"load\"}"));
  const int status = connection.Send(RequestText(
      "POST", "/dbs/load/colls", "colls", "dbs/load",
      "x-spillway-range-count: " + std::to_string(options.ranges) + "\r\n",
      "{\"id\":\"c\",\"partitionKey\":{\"paths\":[\"/pk\"],\"kind\":\"Hash\",\"version\":2}}"));
  if (status != 201 && status != 409) Fail("cannot make the container: " + connection.buffer());
}

double ServerCpuSeconds(int pid) {
  if (pid == 0) return 0;
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// A bulk reply may be 200 although operations failed, on servers that are not so strict.
bool AllDone(const Options& options, int status, const std::string& reply) {
  if (status != 200 && status != 201) return false;
  if (options.mode != "bulk") return true;
  size_t done = 0;
  constexpr std::string_view kDone = "\"statusCode\":2";
  for (size_t at = 0; (at = reply.find(kDone, at)) != std::string::npos; ++at) ++done;
  return done == kDocumentsPerBulk;
}

struct Outcome {
  std::atomic<uint64_t> next{0};
  std::atomic<uint64_t> failed{0};
  std::mutex mutex;
  std::vector<double> latencies_ms;
};

// One connection's share of the work. A request's latency counts from when it was due, so that one
// slow answer is not hidden by the requests that had to wait for it.
void Work(const Options& options, const std::vector<std::string>& requests, uint64_t total,
          SteadyTime start, Outcome* outcome) {
  Connection connection(options.port);
  std::vector<double> latencies_ms;
  for (uint64_t at = outcome->next++; at < total; at = outcome->next++) {
    SteadyTime due = SystemClock().Now();
    if (options.rate > 0) {
      due = start + std::chrono::nanoseconds(
                        static_cast<int64_t>(1e9 * static_cast<double>(at) / options.rate));
      SystemClock().WaitFor(due - SystemClock().Now(), std::stop_token());
    }
    const int status = connection.Send(requests[at % requests.size()]);
    if (!AllDone(options, status, connection.buffer())) ++outcome->failed;
    latencies_ms.push_back(
        std::chrono::duration<double, std::milli>(SystemClock().Now() - due).count());
  }
  std::lock_guard lock(outcome->mutex);
  outcome->latencies_ms.insert(outcome->latencies_ms.end(), latencies_ms.begin(),
                               latencies_ms.end());
}

double Percentile(std::vector<double>* values, double share) {
  if (values->empty()) return 0;
  std::sort(values->begin(), values->end());
  return (*values)[static_cast<size_t>(share * static_cast<double>(values->size() - 1))];
}

void Run(const Options& options) {
  MakeContainer(options);
  const bool bulk = options.mode == "bulk";
  const std::vector<std::string> requests =
      bulk ? BulkRequests(options) : PointRequests(options, options.mode == "read");
  const uint64_t per_request = bulk ? kDocumentsPerBulk : 1;
  const uint64_t total = options.documents / per_request;
  Outcome outcome;
  const double cpu_before = ServerCpuSeconds(options.pid);
  const SteadyTime start = SystemClock().Now();
  {
    std::vector<std::jthread> threads;
    for (uint32_t i = 0; i < options.connections; ++i) {
      threads.emplace_back([&] { Work(options, requests, total, start, &outcome); });
    }
  }
  const double seconds = std::chrono::duration<double>(SystemClock().Now() - start).count();
  const double cpu = ServerCpuSeconds(options.pid) - cpu_before;
  const auto documents = static_cast<double>(total * per_request);
  std::printf(
      "{\"mode\":\"%s\",\"documents\":%.0f,\"bytes\":%zu,\"seconds\":%.3f,\"per_second\":%.0f,"
      "\"cpu_seconds\":%.3f,\"per_cpu_second\":%.0f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,"
      "\"failed\":%llu}\n",
      options.mode.c_str(), documents, options.document_bytes, seconds, documents / seconds, cpu,
      cpu > 0 ? documents / cpu : 0, Percentile(&outcome.latencies_ms, 0.5),
      Percentile(&outcome.latencies_ms, 0.99),
      static_cast<unsigned long long>(outcome.failed.load()));
}

}  // namespace
}  // namespace spillway::emulator

int main(int argument_count, char** arguments) {
  using spillway::emulator::Options;
  Options options;
  CLI::App app("Loads a local server that was started with --throughput unlimited.");
  app.add_option("--port", options.port, "Port of the server");
  app.add_option("--pid", options.pid, "The server's process id, to count its CPU time");
  app.add_option("--mode", options.mode, "What to send")
      ->check(CLI::IsMember({"bulk", "point", "read"}));
  app.add_option("--documents", options.documents, "How many documents to send in all");
  app.add_option("--distinct", options.distinct_documents, "How many different ones");
  app.add_option("--size", options.document_bytes, "Bytes of a document");
  app.add_option("--connections", options.connections, "Connections, one thread each");
  app.add_option("--rate", options.rate, "Requests a second; without it, as many as go");
  app.add_option("--ranges", options.ranges, "Ranges of the container");
  CLI11_PARSE(app, argument_count, arguments);
  spillway::emulator::Run(options);
  return 0;
}
