// spillway-emulator: a local Cosmos DB server that official clients accept.
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include "base/clock.h"
#include "emulator/json/value.h"
#include "emulator/server.h"

namespace spillway::emulator {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr double kUnitsMax = 1e9;
constexpr uint32_t kThreadsMax = 256;

struct Arguments {
  RunOptions run;
  std::string throughput;
  std::string ranges;
  int control_port = -1;
  bool plain_only = false;
  bool ready_json = false;
  EntraOptions entra;
};

// `throughput` and `ranges` are texts until here: "unlimited", "auto" or a number.
Status ReadNumbers(const Arguments& arguments, ServerOptions* options) {
  const auto number = [](const std::string& text) -> std::optional<double> {
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !(value >= 1 && value <= kUnitsMax)) return std::nullopt;
    return value;
  };
  if (arguments.throughput == "unlimited") {
    options->unlimited = true;
  } else if (const auto units = number(arguments.throughput)) {
    options->default_throughput = *units;
  } else {
    return InvalidArgument(
        "--throughput is a number of request units a second (1 to 1e9), or 'unlimited'");
  }
  if (arguments.ranges == "auto") return Status::Ok();
  const auto ranges = number(arguments.ranges);
  if (!ranges || *ranges > 1000 || std::trunc(*ranges) != *ranges)
    return InvalidArgument("--ranges is 'auto' or a whole number from 1 to 1000");
  options->default_ranges = static_cast<uint32_t>(*ranges);
  return Status::Ok();
}

void PrintReadyJson(const Server& server, const Arguments& arguments) {
  Value ready{Object{}};
  const std::string https = server.https_endpoint();
  ready.Set("ready", true);
  ready.Set("endpoint", https.empty() ? server.http_endpoint() : https);
  ready.Set("http_endpoint", server.http_endpoint());
  ready.Set("control_endpoint", server.control_endpoint());
  ready.Set("port", static_cast<double>(server.port()));
  ready.Set("key", arguments.run.server.key_base64);
  ready.Set("certificate", server.certificate_path());
  ready.Set("pid", static_cast<double>(getpid()));
  std::printf("%s\n", ToJson(ready).c_str());
  std::fflush(stdout);
}

void PrintReadyText(const Server& server, const Arguments& arguments) {
  const std::string https = server.https_endpoint();
  std::printf("Local Cosmos DB server\n");
  std::printf("  endpoint     %s\n",
              https.empty() ? server.http_endpoint().c_str() : https.c_str());
  if (!https.empty() && !server.http_endpoint().empty()) {
    std::printf("  plain HTTP   %s\n", server.http_endpoint().c_str());
  }
  if (!server.control_endpoint().empty()) {
    std::printf("  control      %s\n", server.control_endpoint().c_str());
  }
  std::printf("  key          %s\n", arguments.run.server.key_base64.c_str());
  if (server.certificate_path().empty() && !https.empty()) {
    std::printf("  certificate  for this run only; --cert FOLDER keeps one for clients to trust\n");
  }
  if (!server.certificate_path().empty()) {
    const char* path = server.certificate_path().c_str();
    std::printf("  certificate  %s\n\nHow clients trust it:\n", path);
    std::printf("  JavaScript   NODE_EXTRA_CA_CERTS=%s\n", path);
    std::printf("  Python       nothing to do for localhost; else connection_verify=\"%s\"\n",
                path);
    std::printf("  Go           SSL_CERT_FILE=%s\n", path);
    std::printf("  Rust         SSL_CERT_FILE=%s AZURE_COSMOS_BINARY_ENCODING_ENABLED=false\n",
                path);
    std::printf("  Java, Spark  keytool -importcert -file %s -alias spillway -cacerts, or\n", path);
    std::printf("               COSMOS.EMULATOR_SERVER_CERTIFICATE_VALIDATION_DISABLED=true\n");
    std::printf("  .NET         DisableServerCertificateValidation=True; gateway mode\n");
    std::printf("  curl         --cacert %s\n", path);
  }
  std::printf("\nCtrl-C stops it.\n");
  std::fflush(stdout);
}

// One file for each connection: the usual soft limit is below kConnectionsMax.
void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int Run(Arguments* arguments) {
  RaiseFileLimit();
  // Threads inherit the mask, so that only this one sees the signals.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  if (const Status read = ReadNumbers(*arguments, &arguments->run.server); !read.ok()) {
    std::fprintf(stderr, "spillway-emulator: %s\n", std::string(read.message()).c_str());
    return kExitUsage;
  }
  if (arguments->run.certificate_folder.empty()) {
    arguments->run.certificate_folder = arguments->run.data_folder;
  }
  arguments->run.tls = !arguments->plain_only;
  if (arguments->run.host == "localhost") arguments->run.host = "127.0.0.1";
  if (!arguments->entra.audience.empty()) arguments->run.server.entra = arguments->entra;
  if (arguments->control_port >= 0) {
    arguments->run.control_port = static_cast<uint16_t>(arguments->control_port);
  }
  const auto server = Server::Start(arguments->run, SystemClock());
  if (!server.ok()) {
    const Status& failure = server.status();
    std::fprintf(stderr, "spillway-emulator: %s\n", failure.ToString().c_str());
    if (!failure.hint().empty()) {
      std::fprintf(stderr, "  %s\n", std::string(failure.hint()).c_str());
    }
    return failure.code() == StatusCode::kInvalidArgument ? kExitUsage : kExitFailed;
  }
  if (arguments->ready_json || isatty(STDOUT_FILENO) == 0) {
    PrintReadyJson(**server, *arguments);
  } else {
    PrintReadyText(**server, *arguments);
  }
  int received = 0;
  sigwait(&signals, &received);
  return 0;
}

int Main(int argument_count, char** argument_values) {
  Arguments arguments;
  arguments.run.port = 8081;
  arguments.run.threads = std::max(1u, std::thread::hardware_concurrency());
  arguments.throughput = "400";
  arguments.ranges = "auto";
  CLI::App app("A local server that speaks the Azure Cosmos DB for NoSQL gateway protocol.",
               "spillway-emulator");
  app.add_option("--data", arguments.run.data_folder,
                 "Folder to keep everything in; without it, memory only");
  app.add_option("--port", arguments.run.port, "Port for HTTPS and HTTP; 0 takes a free one")
      ->capture_default_str();
  app.add_flag("--http", arguments.plain_only, "Plain HTTP only, without a certificate");
  app.add_option("--host", arguments.run.host, "Address to listen on")->capture_default_str();
  app.add_option("--key", arguments.run.server.key_base64, "Account key (base64)")
      ->default_str("the well-known key of local servers");
  app.add_option("--throughput", arguments.throughput,
                 "Request units a second of new containers that ask for none, or 'unlimited'")
      ->capture_default_str();
  app.add_option("--ranges", arguments.ranges,
                 "Partition key ranges of new containers; 'auto' follows the throughput")
      ->capture_default_str();
  app.add_option("--cert", arguments.run.certificate_folder,
                 "Folder for the certificate that clients trust, emulator.crt, and its keys")
      ->capture_default_str();
  app.add_option("--control-port", arguments.control_port,
                 "Port of the control API, on loopback only; 0 takes a free one")
      ->check(CLI::Range(0, 65535));
  app.add_option("--threads", arguments.run.threads, "Threads that serve requests")
      ->check(CLI::Range(1u, kThreadsMax))
      ->capture_default_str();
  app.add_option("--bucket-seconds", arguments.run.server.throughput_window_seconds,
                 "Seconds of its throughput that a physical partition can spend at once")
      ->check(CLI::Range(0.1, 1.0))
      ->capture_default_str();
  app.add_option_function<uint32_t>(
      "--throughput-change-ms",
      [&](uint32_t duration) {
        arguments.run.server.throughput_change_pending = std::chrono::milliseconds(duration);
      },
      "How long a change of throughput stays pending");
  app.add_option_function<uint32_t>(
      "--index-transformation-ms",
      [&](uint32_t duration) {
        arguments.run.server.index_transformation = std::chrono::milliseconds(duration);
      },
      "How long the index takes to follow a changed index policy");
  app.add_option("--range-bytes", arguments.run.server.range_bytes_max,
                 "A range that holds more is split")
      ->capture_default_str();
  app.add_option("--entra-audience", arguments.entra.audience,
                 "For tests: take Entra tokens for this audience beside the key");
  app.add_option("--entra-reader", arguments.entra.readers,
                 "Object id of a principal that may only read; all others may write documents");
  app.add_flag("--lenient", arguments.run.server.lenient,
               "Execute cross-partition queries that the service refuses without a plan");
  app.add_flag("--ready-json", arguments.ready_json, "Print one JSON line when ready");
  try {
    app.parse(argument_count, argument_values);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  return Run(&arguments);
}

}  // namespace
}  // namespace spillway::emulator

int main(int argument_count, char** argument_values) {
  return spillway::emulator::Main(argument_count, argument_values);
}
