// SPDX-License-Identifier: Apache-2.0
// SIGHUP: reads the configuration files again, and lets what can change while running change.
#pragma once

#include "exporter/live_web_config.h"
#include "exporter/serve_config.h"
#include "metrics/pipeline.h"

namespace kle {

class Reloader {
 public:
  // `web` must outlive it.
  Reloader(Settings command_line, ServeConfig running, LiveWebConfig& web);

  // In the thread that owns the pipeline. A bad file changes nothing.
  void Reload(Pipeline& pipeline);

  // Of this and of the web configuration, which is also read again when it changes.
  LiveWebConfig::Health health() const;

 private:
  bool TryReload(Pipeline& pipeline);
  void Apply(const ServeConfig& fresh, Pipeline& pipeline);

  const Settings command_line_;
  ServeConfig running_;
  LiveWebConfig& web_;
  LiveWebConfig::Health health_;
};

}  // namespace kle
