// CurlLibrary: libcurl, loaded on first use. Linking it would cost every command about 15 ms at
// start (it brings some thirty shared libraries), also those that never touch the network.
#ifndef SPILLWAY_NET_CURL_LIBRARY_H_
#define SPILLWAY_NET_CURL_LIBRARY_H_

#include <curl/curl.h>
#include <openssl/types.h>

#include <string>

#include "base/result.h"

namespace spillway {

// The functions that we call. Filled once, then read-only and thread-safe.
struct CurlLibrary {
  decltype(&::curl_global_init) global_init = nullptr;
  CURL* (*easy_init)() = nullptr;
  void (*easy_cleanup)(CURL*) = nullptr;
  CURLcode (*easy_setopt)(CURL*, CURLoption, ...) = nullptr;
  CURLcode (*easy_getinfo)(CURL*, CURLINFO, ...) = nullptr;
  const char* (*easy_strerror)(CURLcode) = nullptr;
  CURLM* (*multi_init)() = nullptr;
  CURLMcode (*multi_cleanup)(CURLM*) = nullptr;
  CURLMcode (*multi_setopt)(CURLM*, CURLMoption, ...) = nullptr;
  CURLMcode (*multi_add_handle)(CURLM*, CURL*) = nullptr;
  CURLMcode (*multi_remove_handle)(CURLM*, CURL*) = nullptr;
  CURLMcode (*multi_perform)(CURLM*, int*) = nullptr;
  CURLMcode (*multi_poll)(CURLM*, curl_waitfd*, unsigned, int, int*) = nullptr;
  CURLMcode (*multi_wakeup)(CURLM*) = nullptr;
  CURLMsg* (*multi_info_read)(CURLM*, int*) = nullptr;
  const char* (*multi_strerror)(CURLMcode) = nullptr;

  // What TLS trusts when nothing else is said; empty: nothing.
  std::string trusted_file;
  std::string trusted_folder;
  // Of the TLS library that it uses. Null: it is not our OpenSSL, and reads certificates itself.
  void (*set_trust_store)(SSL_CTX*, X509_STORE*) = nullptr;
};

// The library, loaded and initialised by the first caller; it stays for the life of the program.
// kUnsupported: it is not installed, or too old (we need 7.85).
Result<const CurlLibrary*> LoadCurl();

}  // namespace spillway

#endif  // SPILLWAY_NET_CURL_LIBRARY_H_
