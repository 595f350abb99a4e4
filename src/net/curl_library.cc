#include "net/curl_library.h"

#include <dlfcn.h>
#include <openssl/x509_vfy.h>

#include <string>

namespace spillway {
namespace {

constexpr char kLibraryName[] = "libcurl.so.4";
constexpr unsigned kVersionMin = 0x075500;  // 7.85: CURLOPT_PROTOCOLS_STR

struct Loaded {
  CurlLibrary library;
  Status status;
};

template <typename Function>
void Bind(void* handle, const char* name, Function* function, std::string* missing) {
  *function = reinterpret_cast<Function>(dlsym(handle, name));
  if (*function == nullptr) *missing = name;
}

std::string BindAll(void* handle, CurlLibrary* library) {
  std::string missing;
  Bind(handle, "curl_global_init", &library->global_init, &missing);
  Bind(handle, "curl_easy_init", &library->easy_init, &missing);
  Bind(handle, "curl_easy_cleanup", &library->easy_cleanup, &missing);
  Bind(handle, "curl_easy_setopt", &library->easy_setopt, &missing);
  Bind(handle, "curl_easy_getinfo", &library->easy_getinfo, &missing);
  Bind(handle, "curl_easy_strerror", &library->easy_strerror, &missing);
  Bind(handle, "curl_multi_init", &library->multi_init, &missing);
  Bind(handle, "curl_multi_cleanup", &library->multi_cleanup, &missing);
  Bind(handle, "curl_multi_setopt", &library->multi_setopt, &missing);
  Bind(handle, "curl_multi_add_handle", &library->multi_add_handle, &missing);
  Bind(handle, "curl_multi_remove_handle", &library->multi_remove_handle, &missing);
  Bind(handle, "curl_multi_perform", &library->multi_perform, &missing);
  Bind(handle, "curl_multi_poll", &library->multi_poll, &missing);
  Bind(handle, "curl_multi_wakeup", &library->multi_wakeup, &missing);
  Bind(handle, "curl_multi_info_read", &library->multi_info_read, &missing);
  Bind(handle, "curl_multi_strerror", &library->multi_strerror, &missing);
  return missing;
}

// `handle` finds the symbols of the libraries that libcurl needs, too.
void BindTrust(void* handle, const curl_version_info_data& version, CurlLibrary* library) {
  if (version.cainfo != nullptr) library->trusted_file = version.cainfo;
  if (version.capath != nullptr) library->trusted_folder = version.capath;
  if (dlsym(handle, "X509_STORE_new") != reinterpret_cast<void*>(&X509_STORE_new)) return;
  std::string missing;
  Bind(handle, "SSL_CTX_set1_cert_store", &library->set_trust_store, &missing);
}

Status NotUsable(std::string why) {
  return Unsupported("the HTTP library cannot be used: " + std::move(why))
      .WithHint("install libcurl 7.85 or newer (Debian and Ubuntu: apt install libcurl4)");
}

Loaded Load() {
  Loaded loaded;
  void* handle = dlopen(kLibraryName, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    loaded.status = NotUsable(dlerror());
    return loaded;
  }
  decltype(&::curl_version_info) version_info = nullptr;
  std::string missing;
  Bind(handle, "curl_version_info", &version_info, &missing);
  if (missing.empty()) missing = BindAll(handle, &loaded.library);
  if (!missing.empty()) {
    loaded.status = NotUsable("it has no " + missing);
    return loaded;
  }
  const curl_version_info_data* version = version_info(CURLVERSION_NOW);
  if (version->version_num < kVersionMin) {
    loaded.status = NotUsable("its version is " + std::string(version->version));
    return loaded;
  }
  BindTrust(handle, *version, &loaded.library);
  if (loaded.library.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    loaded.status = NotUsable("it does not start");
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
