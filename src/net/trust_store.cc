#include "net/trust_store.h"

#include <openssl/err.h>

#include <utility>

namespace spillway {

Result<X509_STORE*> TrustStore::Get() {
  std::lock_guard lock(mutex_);
  if (store_ == nullptr) {
    ASSIGN_OR_RETURN(store_, Read());
  }
  return store_.get();
}

Result<TrustStore::Store> TrustStore::Read() const {
  Store store(X509_STORE_new());
  if (store == nullptr) return Internal("the TLS library is out of memory");
  if (!file_.empty() && X509_STORE_load_file(store.get(), file_.c_str()) != 1) {
    ERR_clear_error();
    return InvalidArgument("no certificates can be read from " + file_)
        .WithHint("name a file with certificates in PEM form");
  }
  if (!folder_.empty() && X509_STORE_load_path(store.get(), folder_.c_str()) != 1) {
    ERR_clear_error();
    return InvalidArgument("no certificates can be read from the folder " + folder_);
  }
  // A certificate in the file is trusted also when its issuer is not, as libcurl has it.
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  return store;
}

}  // namespace spillway
