// SPDX-License-Identifier: Apache-2.0
// A request's whole way to its response: password, handler, headers. Shared by the HTTP libraries.
#pragma once

#include <string>

#include "exporter/live_web_config.h"
#include "exporter/snapshot.h"
#include "exporter/web_handlers.h"

namespace kle {

// Any thread.
class HttpResponder {
 public:
  // Both must outlive it; `web` may be null. `probes_only`: nothing but /-/healthy and /-/ready,
  // which tell nothing that a password would have to guard, and a kubelet has none to give.
  HttpResponder(const SnapshotBox& snapshots, const LiveWebConfig* web, std::string telemetry_path,
                bool probes_only)
      : snapshots_(snapshots),
        web_(web),
        telemetry_path_(std::move(telemetry_path)),
        probes_only_(probes_only) {}

  // `authorization` may be null. The response has all its headers but those of its body and of
  // the connection.
  HttpResponse Respond(const HttpRequest& request, const char* authorization,
                       const std::string& client) const;

  const LiveWebConfig* web() const { return web_; }
  bool probes_only() const { return probes_only_; }

 private:
  HttpResponse Guarded(const HttpRequest& request, const WebState* web, const char* authorization,
                       const std::string& client) const;

  const SnapshotBox& snapshots_;
  const LiveWebConfig* web_;
  const std::string telemetry_path_;
  const bool probes_only_;
};

}  // namespace kle
