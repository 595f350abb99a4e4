// The HTTP library of the portable programs: libcurl is linked into them (net/curl_library.h has it
// loaded from the system). What TLS trusts is looked for where distributions keep it, since the
// place that libcurl was built with is one distribution's.
//
// This defines LoadCurl before the archive of src/net does, so that one is left out of the link.
#include <curl/curl.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "capi/portable/trust_environment.h"
#include "net/curl_library.h"

namespace spillway {
namespace {

struct Loaded {
  CurlLibrary library;
  Status status;
};

Loaded Load() {
  Loaded loaded;
  CurlLibrary& library = loaded.library;
  library.global_init = &curl_global_init;
  library.easy_init = &curl_easy_init;
  library.easy_cleanup = &curl_easy_cleanup;
  library.easy_setopt = &curl_easy_setopt;
  library.easy_getinfo = &curl_easy_getinfo;
  library.easy_strerror = &curl_easy_strerror;
  library.multi_init = &curl_multi_init;
  library.multi_cleanup = &curl_multi_cleanup;
  library.multi_setopt = &curl_multi_setopt;
  library.multi_add_handle = &curl_multi_add_handle;
  library.multi_remove_handle = &curl_multi_remove_handle;
  library.multi_perform = &curl_multi_perform;
  library.multi_poll = &curl_multi_poll;
  library.multi_wakeup = &curl_multi_wakeup;
  library.multi_info_read = &curl_multi_info_read;
  library.multi_strerror = &curl_multi_strerror;
  library.set_trust_store = [](SSL_CTX* context, X509_STORE* store) {
    SSL_CTX_set1_cert_store(context, store);
  };
  const TrustPlaces places = FindTrustPlaces();
  library.trusted_file = places.file;
  library.trusted_folder = places.folder;
  if (library.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    loaded.status = Unsupported("the HTTP library does not start");
  }
  return loaded;
}

}  // namespace

Result<const CurlLibrary*> LoadCurl() {
  static const Loaded& loaded = *new Loaded(Load());
  if (!loaded.status.ok()) return loaded.status;
  return &loaded.library;
}

}  // namespace spillway
