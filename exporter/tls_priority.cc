// SPDX-License-Identifier: Apache-2.0
// GnuTLS allows key exchanges, ciphers and MACs, each by itself, and so all their combinations. A
// list of suites is turned into these, and what comes of them is held against the list.
#include "exporter/tls_priority.h"

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <string_view>
#include <type_traits>
#include <utility>

#include "exporter/tls_libraries.h"

namespace kle {
namespace {

struct Suite {
  std::string_view name;    // IANA's, as Go and the toolkit write it
  std::string_view gnutls;  // as GnuTLS calls it
  std::string_view parts;   // of a priority string
};

// clang-format off
constexpr std::array<Suite, 13> kSuites{{
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_AES_128_GCM_SHA256", ":+ECDHE-ECDSA:+AES-128-GCM:+AEAD"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_AES_256_GCM_SHA384", ":+ECDHE-ECDSA:+AES-256-GCM:+AEAD"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_ECDSA_CHACHA20_POLY1305", ":+ECDHE-ECDSA:+CHACHA20-POLY1305:+AEAD"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_AES_128_GCM_SHA256", ":+ECDHE-RSA:+AES-128-GCM:+AEAD"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_AES_256_GCM_SHA384", ":+ECDHE-RSA:+AES-256-GCM:+AEAD"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_RSA_CHACHA20_POLY1305", ":+ECDHE-RSA:+CHACHA20-POLY1305:+AEAD"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_ECDSA_AES_128_CBC_SHA1", ":+ECDHE-ECDSA:+AES-128-CBC:+SHA1"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "TLS_ECDHE_ECDSA_AES_256_CBC_SHA1", ":+ECDHE-ECDSA:+AES-256-CBC:+SHA1"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_AES_128_CBC_SHA1", ":+ECDHE-RSA:+AES-128-CBC:+SHA1"},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "TLS_ECDHE_RSA_AES_256_CBC_SHA1", ":+ECDHE-RSA:+AES-256-CBC:+SHA1"},
    {"TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", ":+AES-128-GCM:+AEAD"},
    {"TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", ":+AES-256-GCM:+AEAD"},
    {"TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256", ":+CHACHA20-POLY1305:+AEAD"},
}};
// Forward secrecy and authenticated encryption, and no more.
constexpr std::string_view kOurSuites = ":+ECDHE-ECDSA:+ECDHE-RSA:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-GCM:+AEAD";
constexpr std::string_view kOurCurves = ":+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1";
// clang-format on

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kCurves{
    {{"X25519", ":+GROUP-X25519"},
     {"CurveP256", ":+GROUP-SECP256R1"},
     {"CurveP384", ":+GROUP-SECP384R1"},
     {"CurveP521", ":+GROUP-SECP521R1"}}};

// Of TLS 1.3; a list of suites is about the versions below, as in Go.
bool OfTls13(const Suite& suite) { return suite.name.find("_WITH_") == std::string_view::npos; }

const Suite* Find(std::string_view name) {
  const auto* found = std::find_if(kSuites.begin(), kSuites.end(),
                                   [&](const Suite& suite) { return suite.name == name; });
  return found == kSuites.end() ? nullptr : found;
}

// Names of the suites below TLS 1.3 that the priority string allows.
std::set<std::string> Allowed(const std::string& priority) {
  gnutls_priority_t made = nullptr;
  if (Tls().gnutls_priority_init(&made, priority.c_str(), nullptr) != 0) return {};
  const std::unique_ptr<std::remove_pointer_t<gnutls_priority_t>, decltype(&gnutls_priority_deinit)>
      owner(made, Tls().gnutls_priority_deinit);
  std::set<std::string> names;
  for (unsigned i = 0;; ++i) {
    unsigned index = 0;
    const int code = Tls().gnutls_priority_get_cipher_suite_index(made, i, &index);
    if (code == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) break;
    if (code != 0) continue;
    gnutls_protocol_t version{};
    const char* name =
        Tls().gnutls_cipher_suite_info(index, nullptr, nullptr, nullptr, nullptr, &version);
    if (name == nullptr || version == GNUTLS_TLS1_3) continue;
    const auto* known = std::find_if(kSuites.begin(), kSuites.end(),
                                     [&](const Suite& suite) { return suite.gnutls == name; });
    names.emplace(known == kSuites.end() ? std::string_view(name) : known->name);
  }
  return names;
}

Result<void> CheckExact(const std::string& priority, const std::vector<std::string>& wanted) {
  const auto allowed = Allowed(priority);
  for (const std::string& name : wanted) {
    if (!OfTls13(*Find(name)) && !allowed.contains(name)) {
      return Error(name + " is not in this machine's GnuTLS: leave it out");
    }
  }
  for (const std::string& name : allowed) {
    if (std::find(wanted.begin(), wanted.end(), name) == wanted.end()) {
      return Error("this list cannot be kept to exactly, since with it goes " + name +
                   ": add it, or leave out what it shares its parts with");
    }
  }
  return {};
}

}  // namespace

std::vector<std::string> CipherSuiteNames() {
  std::vector<std::string> names;
  for (const Suite& suite : kSuites) names.emplace_back(suite.name);
  return names;
}

std::vector<std::string> CurveNames() {
  std::vector<std::string> names;
  for (const auto& [name, parts] : kCurves) names.emplace_back(name);
  return names;
}

Result<std::string> TlsPriority(const TlsOptions& options) {
  std::string priority = "NONE:+COMP-NULL:+CTYPE-X509:+SIGN-ALL:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1";
  for (int version = options.max_version; version >= options.min_version; --version) {
    priority.append(":+VERS-TLS1.").append(std::to_string(version - 10));
  }
  if (options.prefer_server_cipher_suites) priority += ":%SERVER_PRECEDENCE";
  if (options.curve_preferences.empty()) priority += kOurCurves;
  for (const std::string& name : options.curve_preferences) {
    const auto* curve = std::find_if(kCurves.begin(), kCurves.end(),
                                     [&](const auto& each) { return each.first == name; });
    if (curve == kCurves.end()) return Error("unknown curve " + name);
    priority += curve->second;
  }
  if (options.cipher_suites.empty()) return priority.append(kOurSuites);
  for (const std::string& name : options.cipher_suites) {
    const Suite* suite = Find(name);
    if (suite == nullptr) return Error("unknown cipher suite " + name);
    priority += suite->parts;
  }
  if (options.min_version < 13) {
    if (auto exact = CheckExact(priority, options.cipher_suites); !exact) return exact.error();
  }
  return priority;
}

}  // namespace kle
