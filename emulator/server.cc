#include "emulator/server.h"

namespace spillway::emulator {
namespace {

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
  Service* service = server->service_.get();
  ASSIGN_OR_RETURN(
      server->listener_,
      Listener::Start(std::move(listen), [service](const Request& request, ReplyCallback reply) {
        reply(service->Handle(request));
      }));
  return server;
}

std::string Server::https_endpoint() const {
  return tls_ ? "https://" + UrlHost(host_) + ":" + std::to_string(port()) + "/" : "";
}

std::string Server::http_endpoint() const {
  return plain_ ? "http://" + UrlHost(host_) + ":" + std::to_string(port()) + "/" : "";
}

}  // namespace spillway::emulator
