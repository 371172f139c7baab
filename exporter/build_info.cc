// SPDX-License-Identifier: Apache-2.0
#include "exporter/build_info.h"

#include <civetweb.h>
#include <spdlog/version.h>
#include <zlib.h>
#include <zstd.h>

#include <CLI/Version.hpp>
#include <nlohmann/json.hpp>

#define KLE_TEXT_(x) #x
#define KLE_TEXT(x) KLE_TEXT_(x)
#define KLE_DOTTED(a, b, c) KLE_TEXT(a) "." KLE_TEXT(b) "." KLE_TEXT(c)

namespace kle {

std::string_view Version() { return KLE_VERSION; }

std::string_view Compiler() {
#if defined(__clang__)
  return "clang " KLE_DOTTED(__clang_major__, __clang_minor__, __clang_patchlevel__);
#else
  return "gcc " __VERSION__;
#endif
}

std::string VersionText() {
  std::string text = "kubelet-lifecycle-exporter ";
  text.append(Version()).append("\n  compiler  ").append(Compiler());
  text.append("\n  libraries libsystemd ").append(KLE_LIBSYSTEMD_VERSION);
  text.append(", civetweb ").append(mg_version());
  text.append(", zlib ").append(zlibVersion());
  text.append(", zstd ").append(ZSTD_versionString());
  text.append(", spdlog ").append(KLE_DOTTED(SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH));
  text.append(", CLI11 ").append(CLI11_VERSION);
  text.append(", nlohmann-json ")
      .append(KLE_DOTTED(NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                         NLOHMANN_JSON_VERSION_PATCH));
  return text;
}

}  // namespace kle
