// SPDX-License-Identifier: Apache-2.0
#include "exporter/web_config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <string_view>

#include "exporter/suggest.h"
#include "exporter/text.h"
#include "exporter/tls_priority.h"
#include "exporter/yaml_file.h"

namespace kle {
namespace {

// The toolkit allows these and no others.
const std::vector<std::string> kHeaders{"Content-Security-Policy", "Strict-Transport-Security",
                                        "X-Content-Type-Options", "X-Frame-Options",
                                        "X-XSS-Protection"};

const std::map<std::string, ClientAuth> kClientAuth{
    {"NoClientCert", ClientAuth::kNone},
    {"RequestClientCert", ClientAuth::kRequest},
    {"RequireAnyClientCert", ClientAuth::kRequireAny},
    {"RequireClientCert", ClientAuth::kRequireAny},
    {"VerifyClientCertIfGiven", ClientAuth::kVerifyIfGiven},
    {"RequireAndVerifyClientCert", ClientAuth::kRequireAndVerify}};

const std::map<std::string, int> kVersions{{"TLS12", 12}, {"TLS13", 13}};

template <typename Value>
std::vector<std::string> NamesOf(const std::map<std::string, Value>& map) {
  std::vector<std::string> names;
  for (const auto& [name, value] : map) names.push_back(name);
  return names;
}

bool BcryptHash(std::string_view hash) {
  return hash.size() == 60 && hash[6] == '$' &&
         (hash.starts_with("$2a$") || hash.starts_with("$2b$") || hash.starts_with("$2y$"));
}

class Reader {
 public:
  Reader(std::string path, Problems& problems) : path_(std::move(path)), problems_(problems) {}

  WebConfig Read(const YAML::Node& root) {
    Section(root, "",
            {{"tls_server_config", [&](const YAML::Node& node) { ReadTls(node); }},
             {"http_server_config", [&](const YAML::Node& node) { ReadHttp(node); }},
             {"basic_auth_users", [&](const YAML::Node& node) { ReadUsers(node); }},
             {"rate_limit", [&](const YAML::Node& node) { ReadRateLimit(node); }}});
    return std::move(config_);
  }

 private:
  using Take = std::function<void(const YAML::Node&)>;
  using Keys = std::vector<std::pair<std::string, Take>>;

  void Add(const YAML::Node& node, std::string message) { Add(PlaceOf(node), std::move(message)); }
  void Add(Place place, std::string message) {
    problems_.push_back({path_, place, std::move(message)});
  }

  // Hands each entry to whom it belongs. Twice the same key and unknown ones are problems.
  void Section(const YAML::Node& node, const std::string& prefix, const Keys& keys) {
    if (node.IsNull()) return;
    if (!node.IsMap()) {
      Add(node, prefix + " holds `key: value` lines");
      return;
    }
    std::vector<std::string> known;
    for (const auto& [name, take] : keys) known.push_back(name);
    std::vector<std::string> seen;
    for (const auto& entry : node) {
      const std::string name = Scalar(entry.first);
      const auto found = std::find_if(keys.begin(), keys.end(),
                                      [&](const auto& key) { return key.first == name; });
      if (found == keys.end()) {
        Add(entry.first, "unknown key " + prefix + (prefix.empty() ? "" : ".") + name +
                             Suggestion(name, known) + ": known are " + Joined(known, ", "));
      } else if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
        Add(entry.first, name + " is given twice");
      } else {
        seen.push_back(name);
        key_ = name;
        place_ = PlaceOf(entry.first);
        found->second(entry.second);
      }
    }
  }

  void Text(const YAML::Node& node, std::string& target) {
    if (node.IsScalar()) {
      target = node.Scalar();
    } else {
      Add(node.IsNull() ? place_ : PlaceOf(node), key_ + " takes a plain value");
    }
  }

  void Bool(const YAML::Node& node, bool& target) {
    const std::string text = Scalar(node);
    if (text == "true" || text == "false") {
      target = text == "true";
    } else {
      Add(node, key_ + " is true or false");
    }
  }

  template <typename Value>
  void Choice(const YAML::Node& node, const std::map<std::string, Value>& choices, Value& target,
              const std::string& more = {}) {
    const auto found = choices.find(Scalar(node));
    if (found != choices.end()) {
      target = found->second;
      return;
    }
    const auto names = NamesOf(choices);
    Add(node, "\"" + Scalar(node) + "\" is no " + key_ + Suggestion(Scalar(node), names) +
                  ": known are " + Joined(names, ", ") + more);
  }

  // Each of `allowed`, or anything when that is empty.
  void List(const YAML::Node& node, const std::vector<std::string>& allowed,
            std::vector<std::string>& target) {
    if (node.IsNull()) return;
    if (!node.IsSequence()) {
      Add(node, key_ + " takes a list: write `- value` lines");
      return;
    }
    for (const auto& item : node) {
      const std::string text = Scalar(item);
      if (text.empty() ||
          (!allowed.empty() && std::find(allowed.begin(), allowed.end(), text) == allowed.end())) {
        Add(item, "\"" + text + "\" is unknown in " + key_ + Suggestion(text, allowed) +
                      ": known are " + Joined(allowed, ", "));
      } else {
        target.push_back(text);
      }
    }
  }

  void File(const YAML::Node& node, std::string& target) {
    Text(node, target);
    const size_t slash = path_.rfind('/');
    if (!target.empty() && target.front() != '/' && slash != std::string::npos) {
      target.insert(0, path_, 0, slash + 1);
    }
  }

  void ReadTls(const YAML::Node& node) {
    const Place place = place_;
    TlsOptions tls;
    // clang-format off
    const Keys keys{
        {"cert", [&](const YAML::Node& value) { Text(value, tls.certificate.text); }},
        {"key", [&](const YAML::Node& value) { Text(value, tls.key.text); }},
        {"client_ca", [&](const YAML::Node& value) { Text(value, tls.client_ca.text); }},
        {"cert_file", [&](const YAML::Node& value) { File(value, tls.certificate.file); }},
        {"key_file", [&](const YAML::Node& value) { File(value, tls.key.file); }},
        {"client_auth_type", [&](const YAML::Node& value) { Choice(value, kClientAuth, tls.client_auth); }},
        {"client_ca_file", [&](const YAML::Node& value) { File(value, tls.client_ca.file); }},
        {"client_allowed_sans", [&](const YAML::Node& value) { List(value, {}, tls.client_allowed_sans); }},
        {"min_version", [&](const YAML::Node& value) { Choice(value, kVersions, tls.min_version, "; older ones are broken (RFC 8996)"); }},
        {"max_version", [&](const YAML::Node& value) { Choice(value, kVersions, tls.max_version, "; older ones are broken (RFC 8996)"); }},
        {"cipher_suites", [&](const YAML::Node& value) { List(value, CipherSuiteNames(), tls.cipher_suites); }},
        {"prefer_server_cipher_suites", [&](const YAML::Node& value) { Bool(value, tls.prefer_server_cipher_suites); }},
        {"curve_preferences", [&](const YAML::Node& value) { List(value, CurveNames(), tls.curve_preferences); }}};
    // clang-format on
    const size_t before = problems_.size();
    Section(node, "tls_server_config", keys);
    if (node.IsMap()) {
      for (const auto& entry : node) tls.places[Scalar(entry.first)] = PlaceOf(entry.first);
    }
    // An empty section is none, as with the toolkit; anything else asks for TLS.
    if (node.IsMap() && node.size() > 0) {
      if (problems_.size() == before) CheckTls(tls, place);
      config_.tls = std::move(tls);
    }
  }

  void CheckTls(const TlsOptions& tls, Place place) {
    const auto add = [&](const std::string& key, const std::string& message) {
      const auto found = tls.places.find(key);
      Add(found == tls.places.end() ? place : found->second, "tls_server_config: " + message);
    };
    const auto exactly_one = [&](const std::string& name, const Pem& pem) {
      if (pem.empty()) add(name, "neither " + name + "_file nor " + name + " is given");
      if (!pem.text.empty() && !pem.file.empty()) {
        add(name, "both " + name + "_file and " + name + " are given: drop one");
      }
    };
    exactly_one("cert", tls.certificate);
    exactly_one("key", tls.key);
    if (!tls.client_ca.empty()) exactly_one("client_ca", tls.client_ca);
    const bool verifies = tls.client_auth == ClientAuth::kVerifyIfGiven ||
                          tls.client_auth == ClientAuth::kRequireAndVerify;
    if (verifies && tls.client_ca.empty()) {
      add("client_auth_type", "this client_auth_type needs client_ca_file");
    }
    if (tls.client_auth == ClientAuth::kNone && !tls.client_ca.empty()) {
      add(tls.client_ca.file.empty() ? "client_ca" : "client_ca_file",
          "a client CA is given, but no client is asked for a certificate: add "
          "client_auth_type: RequireAndVerifyClientCert");
    }
    if (!tls.client_allowed_sans.empty() && tls.client_auth != ClientAuth::kRequireAny &&
        tls.client_auth != ClientAuth::kRequireAndVerify) {
      add("client_allowed_sans",
          "client_allowed_sans needs client_auth_type RequireAndVerifyClientCert");
    }
    if (tls.min_version > tls.max_version) add("min_version", "min_version is above max_version");
  }

  void ReadHttp(const YAML::Node& node) {
    bool ignored = false;  // HTTP/2 is offered to no client, so none can miss it
    Section(node, "http_server_config",
            {{"http2", [&](const YAML::Node& value) { Bool(value, ignored); }},
             {"headers", [&](const YAML::Node& value) { ReadHeaders(value); }}});
  }

  void ReadHeaders(const YAML::Node& node) {
    Keys keys;
    for (const std::string& name : kHeaders) {
      keys.emplace_back(name, [this, name](const YAML::Node& value) {
        std::string text;
        Text(value, text);
        if (text.find_first_of("\r\n") != std::string::npos) {
          Add(value, name + " is one line");
        } else if (!text.empty()) {
          config_.headers.emplace_back(name, text);
        }
      });
    }
    Section(node, "http_server_config.headers", keys);
  }

  void ReadUsers(const YAML::Node& node) {
    if (node.IsNull()) return;
    if (!node.IsMap()) {
      Add(node, "basic_auth_users holds `name: bcrypt hash` lines");
      return;
    }
    for (const auto& entry : node) {
      const std::string name = Scalar(entry.first);
      if (name.empty() || name.find(':') != std::string::npos) {
        Add(entry.first, "basic_auth_users: \"" + name + "\" is no user name");
      } else if (!BcryptHash(Scalar(entry.second))) {
        Add(entry.second, "basic_auth_users: the value of " + name +
                              " is no bcrypt hash: make one with `htpasswd -nBC 10 \"\"`");
      } else if (!config_.users.emplace(name, Scalar(entry.second)).second) {
        Add(entry.first, "basic_auth_users: " + name + " is given twice");
      }
    }
  }

  // Zero is off, which is what is done.
  void ReadRateLimit(const YAML::Node& node) {
    const Place place = place_;
    std::string interval;
    std::string burst;
    Section(node, "rate_limit",
            {{"interval", [&](const YAML::Node& value) { Text(value, interval); }},
             {"burst", [&](const YAML::Node& value) { Text(value, burst); }}});
    if (!interval.empty() && interval != "0" && interval != "0s") {
      Add(place,
          "rate_limit is not supported: drop it; clients are bounded by number and time anyway");
    }
  }

  std::string path_;
  Problems& problems_;
  WebConfig config_;
  std::string key_;  // under way
  Place place_;      // its
};

}  // namespace

const std::vector<std::string>& WebConfigKeys() {
  static const std::vector<std::string> keys{"tls_server_config", "http_server_config",
                                             "basic_auth_users", "rate_limit"};
  return keys;
}

WebConfig ReadWebConfig(const std::string& path, Problems& problems) {
  return ReadYaml<Reader>(path, problems);
}

}  // namespace kle
