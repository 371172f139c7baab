// SPDX-License-Identifier: Apache-2.0
#include "exporter/tls_libraries.h"

#include <dlfcn.h>

#include <cstdlib>
#include <string>

namespace kle {
namespace {

// Stays open for good.
class Library {
 public:
  Library(const char* soname, std::string& fault)
      : handle_(dlopen(soname, RTLD_NOW | RTLD_LOCAL)), fault_(fault) {
    if (handle_ == nullptr) Fail();
  }

  template <typename Function>
  void Find(const char* name, Function*& function) {
    if (handle_ == nullptr) return;
    function = reinterpret_cast<Function*>(dlsym(handle_, name));
    if (function == nullptr) Fail();
  }

 private:
  void Fail() {
    const char* said = dlerror();
    if (fault_.empty()) fault_ = said == nullptr ? "no reason given" : said;
  }

  void* handle_;
  std::string& fault_;
};

struct Loaded {
  TlsLibraries functions{};
  std::string fault;  // the first; "" when all is there

  Loaded() {
#define KLE_FIND(function) library.Find(#function, functions.function);
    {
      Library library(KLE_GNUTLS_SONAME, fault);
      KLE_GNUTLS_FUNCTIONS(KLE_FIND)
    }
    {
      Library library(KLE_MICROHTTPD_SONAME, fault);
      KLE_MICROHTTPD_FUNCTIONS(KLE_FIND)
    }
#undef KLE_FIND
  }
};

const Loaded& Libraries() {
  static const Loaded loaded;
  return loaded;
}

}  // namespace

Result<void> LoadTlsLibraries() {
  const std::string& fault = Libraries().fault;
  if (fault.empty()) return {};
  return Error("TLS, IPv6 and passwords need " KLE_GNUTLS_SONAME " and " KLE_MICROHTTPD_SONAME
               ": " +
               fault + ": install them");
}

const TlsLibraries& Tls() {
  if (!Libraries().fault.empty()) std::abort();
  return Libraries().functions;
}

}  // namespace kle
