#include "net/resolve.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>

namespace spillway {

Result<std::string> ResolveHost(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &first);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> found(first, &freeaddrinfo);
  if (error != 0) {
    return Unavailable(host + " is no known name: " + gai_strerror(error))
        .WithHint("check the endpoint, and this machine's DNS (getent hosts " + host + ")");
  }
  char address[INET6_ADDRSTRLEN] = "";
  getnameinfo(found->ai_addr, found->ai_addrlen, address, sizeof(address), nullptr, 0,
              NI_NUMERICHOST);
  return std::string(address);
}

}  // namespace spillway
