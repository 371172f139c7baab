// SPDX-License-Identifier: Apache-2.0
// Lines of containerd for tests, stamped by seconds since the same moment as the kubelet's.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/lines.h"

namespace kle::testing {

inline std::string RuntimeTime(double seconds) {
  const auto micros = static_cast<long long>(seconds * 1e6 + 0.5);
  char text[64];
  std::snprintf(text, sizeof(text), "2026-11-23T%02lld:%02lld:%02lld.%06lld000Z",
                10 + micros / 3'600'000'000, micros / 60'000'000 % 60, micros / 1'000'000 % 60,
                micros % 1'000'000);
  return text;
}

// `message` with its quotes as they are.
inline std::string Rt(double seconds, std::string_view message, std::string_view tail = {},
                      std::string_view level = "info") {
  std::string line =
      "time=\"" + RuntimeTime(seconds) + "\" level=" + std::string(level) + " msg=\"";
  for (const char c : message) {
    if (c == '"' || c == '\\') line += '\\';
    line += c;
  }
  return line + "\"" + std::string(tail);
}

inline std::string Quoted(std::string_view id) { return "\"" + std::string(id) + "\""; }

inline std::string RunSandbox(std::string_view sandbox = kSandbox, int attempt = 0,
                              bool returns = true) {
  std::string text = "RunPodSandbox for &PodSandboxMetadata{Name:web-1,Uid:" + std::string(kUid) +
                     ",Namespace:default,Attempt:" + std::to_string(attempt) + ",}";
  if (returns) text += " returns sandbox id " + Quoted(sandbox);
  return text;
}

inline std::string CreateContainer(std::string_view id = kApp, std::string_view name = "app",
                                   std::string_view sandbox = kSandbox) {
  return "CreateContainer within sandbox " + Quoted(sandbox) +
         " for &ContainerMetadata{Name:" + std::string(name) +
         ",Attempt:0,} returns container id " + Quoted(id);
}

inline std::string StopContainer(int grace = 30, std::string_view id = kApp) {
  return "StopContainer for " + Quoted(id) + " with timeout " + std::to_string(grace) + " (s)";
}

inline std::string Stopped(std::string_view id = kApp) {
  return "StopContainer for " + Quoted(id) + " returns successfully";
}

inline std::string StopSandbox(std::string_view sandbox = kSandbox) {
  return "StopPodSandbox for " + Quoted(sandbox);
}

inline std::string SandboxStopped(std::string_view sandbox = kSandbox) {
  return StopSandbox(sandbox) + " returns successfully";
}

// CRI-O's, when a sandbox's network is to come, and when it is to go.
inline std::string GotNetwork(std::string_view sandbox = kSandbox, std::string_view uid = kUid) {
  return "Got pod network &{Name:web-1 Namespace:default ID:" + std::string(sandbox) +
         " UID:" + std::string(uid) + " NetNS:/var/run/netns/x Networks:[] Aliases:map[]}";
}

// An exit as containerd 1.7 tells it, of that time of day.
inline std::string Exited(double seconds, int code, std::string_view id = kApp) {
  constexpr long long kTenOClock = 1'795'428'000;  // 2026-11-23T10:00:00Z
  const auto micros = static_cast<long long>(seconds * 1e6 + 0.5);
  return "received exit event container_id:" + Quoted(id) + "  id:" + Quoted(id) + "  pid:7" +
         (code != 0 ? "  exit_status:" + std::to_string(code) : "") +
         "  exited_at:{seconds:" + std::to_string(kTenOClock + micros / 1'000'000) +
         "  nanos:" + std::to_string(micros % 1'000'000 * 1000) + "}";
}

// A pod's start, as a kubelet at -v 0 and its runtime tell it.
inline std::vector<std::string> StartedAtV0() {
  return {At(0, "\"Started kubelet\""), Rt(1, RunSandbox(kSandbox, 0, false)),
          Rt(1.2, RunSandbox()), Rt(1.3, CreateContainer()),
          Rt(1.4, "StartContainer for " + Quoted(kApp) + " returns successfully")};
}

inline std::string VolumesCleaned() {
  return "\"Cleaned up orphaned pod volumes dir\" podUID=" + std::string(kUid) + " path=\"/x\"";
}

}  // namespace kle::testing
