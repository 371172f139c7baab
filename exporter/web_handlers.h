// SPDX-License-Identifier: Apache-2.0
// What each path answers. Pure: request and snapshot in, response out.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/snapshot.h"

namespace kle {

struct HttpRequest {
  std::string_view method;
  std::string_view path;                // exact, nothing folded
  std::string_view query;               // without '?'
  std::string_view if_none_match = {};  // the headers of these names
  std::string_view accept_encoding = {};
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// With an ETag of its body; a 304 without the body when the client has it.
HttpResponse Tagged(const HttpRequest& request, HttpResponse response);

HttpResponse Answer(const HttpRequest& request, const Snapshot& snapshot,
                    std::string_view telemetry_path);

// The same for an address that answers nothing but the two probes.
HttpResponse AnswerProbe(const HttpRequest& request, const Snapshot& snapshot);

std::string_view StatusText(int status);

}  // namespace kle
