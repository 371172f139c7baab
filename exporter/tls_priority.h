// SPDX-License-Identifier: Apache-2.0
// Versions, cipher suites and curves in the words of GnuTLS.
#pragma once

#include <string>
#include <vector>

#include "exporter/result.h"
#include "exporter/tls_options.h"

namespace kle {

// A GnuTLS priority string that allows what is asked for and nothing more.
[[nodiscard]] Result<std::string> TlsPriority(const TlsOptions& options);

// The names that are known, for "did you mean".
std::vector<std::string> CipherSuiteNames();
std::vector<std::string> CurveNames();

}  // namespace kle
