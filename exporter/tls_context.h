// SPDX-License-Identifier: Apache-2.0
// Certificate, key, client CA and the rules of the handshake, loaded and ready for sessions.
#pragma once

#include <gnutls/gnutls.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "exporter/problem.h"
#include "exporter/tls_options.h"

namespace kle {

// Immutable; must outlive the sessions that it was applied to.
class TlsContext {
 public:
  // Null when something is wrong, which is then added to `problems`, with `path` as the file.
  // LoadTlsLibraries() must have been ok.
  static std::shared_ptr<const TlsContext> Load(const TlsOptions& options, const std::string& path,
                                                Problems& problems);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // Before its handshake. False: the session must not be used.
  [[nodiscard]] bool Apply(gnutls_session_t session, bool ask_for_client_certificate) const;

  using SystemTime = std::chrono::system_clock::time_point;
  // Of the server's certificate.
  SystemTime not_before() const { return not_before_; }
  SystemTime not_after() const { return not_after_; }

 private:
  TlsContext() = default;
  bool LoadCertificate(const TlsOptions& options, const std::string& path, Problems& problems);
  bool LoadClientCa(const TlsOptions& options, const std::string& path, Problems& problems);
  bool LoadPriority(const TlsOptions& options, const std::string& path, Problems& problems);
  static int Verify(gnutls_session_t session);

  gnutls_certificate_credentials_t credentials_ = nullptr;
  gnutls_priority_t priority_ = nullptr;
  ClientAuth client_auth_ = ClientAuth::kNone;
  std::vector<std::string> allowed_sans_;
  SystemTime not_before_;
  SystemTime not_after_;
};

}  // namespace kle
