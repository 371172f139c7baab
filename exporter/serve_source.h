// SPDX-License-Identifier: Apache-2.0
// What serve reads, and whatever else hangs on --source. To add a source: a SourceKind, its word in
// serve_flags.cc, and here how it is opened.
#pragma once

#include <memory>
#include <string>

#include "exporter/line_source.h"
#include "exporter/options.h"
#include "parser/zone.h"

namespace kle {

// The kind by name, for the state and for people.
std::string NameOf(SourceKind source);

// All of it as one stream, from the position of an earlier process; "": from --start.
[[nodiscard]] Result<std::unique_ptr<LineSource>> OpenSource(const ServeOptions& options,
                                                             const std::string& position);

// How the times of its lines are to be read.
ZoneOptions ZoneOptionsOf(const ServeOptions& options);
// The same for people.
std::string ZoneText(const ServeOptions& options);

// Whether a source without a kubelet's line is not ready.
bool NeedsKubeletLine(const ServeOptions& options);
// What to do while there is none; one line.
std::string NoLineAdvice();
// What to do about lines that are stamped far from this machine's clock; "" where the source itself
// tells when it got a line.
std::string ClockAdvice(const ServeOptions& options);

}  // namespace kle
