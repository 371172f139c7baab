// SPDX-License-Identifier: Apache-2.0
#include "exporter/web_config.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "exporter/yaml_file.h"

namespace kle {
namespace {

// The toolkit allows these and no others.
constexpr std::array<std::string_view, 5> kHeaders{
    "Content-Security-Policy", "Strict-Transport-Security", "X-Content-Type-Options",
    "X-Frame-Options", "X-XSS-Protection"};

bool BcryptHash(std::string_view hash) {
  return hash.size() == 60 &&
         (hash.starts_with("$2a$") || hash.starts_with("$2b$") || hash.starts_with("$2y$"));
}

Result<void> ReadUsers(const YAML::Node& node, const std::string& path, WebConfig& config) {
  for (const auto& entry : node) {
    const auto name = entry.first.as<std::string>();
    const auto hash = entry.second.as<std::string>();
    if (name.empty() || name.find(':') != std::string::npos) {
      return Error(path + ": basic_auth_users: \"" + name + "\" is no user name");
    }
    if (!BcryptHash(hash)) {
      return Error(path + ": basic_auth_users: the value of " + name +
                   " is no bcrypt hash: make one with `htpasswd -nBC 10 \"\"`");
    }
    config.users[name] = hash;
  }
  return {};
}

Result<void> ReadHttp(const YAML::Node& node, const std::string& path, WebConfig& config) {
  for (const auto& entry : node) {
    const auto key = entry.first.as<std::string>();
    if (key == "http2") continue;  // a matter of TLS only
    if (key != "headers") return Error(path + ": unknown key http_server_config." + key);
    for (const auto& header : entry.second) {
      const auto name = header.first.as<std::string>();
      const auto value = header.second.as<std::string>();
      if (std::find(kHeaders.begin(), kHeaders.end(), name) == kHeaders.end() ||
          value.find_first_of("\r\n") != std::string::npos) {
        return Error(path + ": header " + name + " cannot be set here");
      }
      config.headers.emplace_back(name, value);
    }
  }
  return {};
}

Result<WebConfig> Read(const YAML::Node& root, const std::string& path) {
  WebConfig config;
  if (root.IsNull()) return config;
  if (!root.IsMap()) return Error(path + ": not a map of keys");
  for (const auto& entry : root) {
    const auto key = entry.first.as<std::string>();
    Result<void> done;
    if (key == "basic_auth_users") {
      done = ReadUsers(entry.second, path, config);
    } else if (key == "http_server_config") {
      done = ReadHttp(entry.second, path, config);
    } else if (key == "tls_server_config") {
      if (!entry.second.IsNull() && entry.second.size() > 0) {
        done = Error(path +
                     ": tls_server_config: TLS of this build's HTTP library does not work with "
                     "OpenSSL 3: put a reverse proxy in front (kube-rbac-proxy, nginx)");
      }
    } else {
      done = Error(path + ": unknown key " + key +
                   ": known are basic_auth_users, http_server_config and tls_server_config");
    }
    if (!done) return done.error();
  }
  return config;
}

}  // namespace

Result<WebConfig> ReadWebConfig(const std::string& path) {
  auto root = ReadYaml(path);
  if (!root) return root.error();
  try {
    return Read(*root, path);
  } catch (const YAML::Exception& error) {
    return Error(path + ": " + error.what());
  }
}

}  // namespace kle
