#include "emulator/server.h"

namespace spillway::emulator {
namespace {

constexpr std::chrono::milliseconds kUpkeepInterval{1000};

bool IsLoopback(const std::string& host) {
  return host.starts_with("127.") || host == "::1";
}

// For URLs: clients know a loopback server as localhost.
std::string UrlHost(const std::string& host) {
  if (IsLoopback(host)) return "localhost";
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(const RunOptions& options, const Clock& clock) {
  const bool loopback = IsLoopback(options.host);
  if (!loopback && options.server.key_base64 == kWellKnownKey) {
    return InvalidArgument("listening on " + options.host + " needs a key of your own")
        .WithHint("give --key, or leave out --host");
  }
  if (!loopback && !options.tls) {
    return InvalidArgument("plain HTTP is only served on loopback addresses");
  }
  std::unique_ptr<Server> server(new Server());
  server->host_ = options.host;
  server->tls_ = options.tls;
  server->plain_ = loopback;
  ASSIGN_OR_RETURN(server->service_, Service::Make(options.server, clock));
  if (!options.data_folder.empty()) {
    RETURN_IF_ERROR(server->service_->OpenData(options.data_folder));
  }
  ListenerOptions listen;
  listen.address = options.host;
  listen.port = options.port;
  listen.allow_plain = loopback;
  listen.threads = options.threads;
  if (options.tls) {
    const std::string extra_host = loopback ? "" : options.host;
    ASSIGN_OR_RETURN(listen.certificate,
                     options.certificate_folder.empty()
                         ? MakeCertificate(extra_host)
                         : LoadOrMakeCertificate(options.certificate_folder, extra_host));
    server->certificate_path_ = listen.certificate->certificate_path;
  }
  // The gate needs the listener's timers, and the listener the gate: handlers look it up when
  // called.
  Server* self = server.get();
  const RunAfter run_after = [self](std::chrono::milliseconds delay, std::function<void()> work) {
    self->listener_->RunAfter(delay, std::move(work));
  };
  server->gate_ = std::make_unique<FaultGate>(server->service_.get(), run_after);
  server->control_ = std::make_unique<ControlService>(server->service_.get(), run_after);
  ASSIGN_OR_RETURN(
      server->listener_,
      Listener::Open(std::move(listen), [self](const Request& request, ReplyCallback reply) {
        self->gate_->Handle(request, std::move(reply));
      }));
  if (options.control_port) {
    ListenerOptions control;
    control.port = *options.control_port;
    ASSIGN_OR_RETURN(
        server->control_listener_,
        Listener::Open(std::move(control), [self](const Request& request, ReplyCallback reply) {
          reply(self->control_->Handle(request));
        }));
  }
  server->ScheduleUpkeep();
  server->listener_->Serve();
  if (server->control_listener_ != nullptr) server->control_listener_->Serve();
  return server;
}

void Server::ScheduleUpkeep() {
  listener_->RunAfter(kUpkeepInterval, [this] {
    // What could not be recorded now is tried again with the next change.
    static_cast<void>(service_->Upkeep().ok());
    ScheduleUpkeep();
  });
}

std::string Server::control_endpoint() const {
  return control_listener_ == nullptr
             ? ""
             : "http://localhost:" + std::to_string(control_listener_->port()) + "/";
}

std::string Server::https_endpoint() const {
  return tls_ ? "https://" + UrlHost(host_) + ":" + std::to_string(port()) + "/" : "";
}

std::string Server::http_endpoint() const {
  return plain_ ? "http://" + UrlHost(host_) + ":" + std::to_string(port()) + "/" : "";
}

}  // namespace spillway::emulator
