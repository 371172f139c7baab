// SPDX-License-Identifier: Apache-2.0
// What a web configuration asks of TLS, as exporter-toolkit names it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/problem.h"

namespace kle {

enum class ClientAuth { kNone, kRequest, kRequireAny, kVerifyIfGiven, kRequireAndVerify };

// PEM text, given in the configuration or as a file.
struct Pem {
  std::string text;
  std::string file;
  bool empty() const { return text.empty() && file.empty(); }
};

struct TlsOptions {
  Pem certificate;
  Pem key;
  Pem client_ca;
  ClientAuth client_auth = ClientAuth::kNone;
  std::vector<std::string> client_allowed_sans;
  int min_version = 12;
  int max_version = 13;
  std::vector<std::string> cipher_suites;  // Go's names, which are IANA's; empty: our choice
  bool prefer_server_cipher_suites = true;
  std::vector<std::string> curve_preferences;  // Go's names
  std::map<std::string, Place> places;         // of the keys that were given
};

}  // namespace kle
