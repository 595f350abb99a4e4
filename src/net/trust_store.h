// TrustStore: the certificates that TLS connections trust, read once and shared by all of them.
// libcurl would read them anew for each of our handles: 35 ms and about 2 MB each with the bundle
// of a usual system.
#ifndef SPILLWAY_NET_TRUST_STORE_H_
#define SPILLWAY_NET_TRUST_STORE_H_

#include <openssl/x509_vfy.h>

#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"

namespace spillway {

// Thread-safe.
class TrustStore {
 public:
  // PEM; what is empty is left out. `folder`: of certificates named by their hash (c_rehash), each
  // read when it is needed.
  TrustStore(std::string file, std::string folder)
      : file_(std::move(file)), folder_(std::move(folder)) {}

  // Reads the certificates at the first call; lives as long as this. kInvalidArgument: the file
  // cannot be read, or holds no certificate.
  Result<X509_STORE*> Get();

 private:
  struct Free {
    void operator()(X509_STORE* store) const { X509_STORE_free(store); }
  };
  using Store = std::unique_ptr<X509_STORE, Free>;
  Result<Store> Read() const;

  const std::string file_;
  const std::string folder_;
  std::mutex mutex_;
  Store store_;
};

}  // namespace spillway

#endif  // SPILLWAY_NET_TRUST_STORE_H_
