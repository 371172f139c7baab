// SPDX-License-Identifier: Apache-2.0
// GnuTLS and libmicrohttpd, loaded when TLS, IPv6 or a password first needs them: with the nine
// libraries that they bring along, loading them is half of what it takes to start. Their functions
// have their own names here (docs/decisions/0030).
#pragma once

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>

#include "exporter/result.h"

#define KLE_GNUTLS_FUNCTIONS(X)              \
  X(gnutls_certificate_allocate_credentials) \
  X(gnutls_certificate_free_credentials)     \
  X(gnutls_certificate_get_peers)            \
  X(gnutls_certificate_server_set_request)   \
  X(gnutls_certificate_set_x509_key_mem2)    \
  X(gnutls_certificate_set_x509_trust_mem)   \
  X(gnutls_certificate_verify_peers)         \
  X(gnutls_cipher_suite_info)                \
  X(gnutls_credentials_set)                  \
  X(gnutls_hmac_fast)                        \
  X(gnutls_priority_deinit)                  \
  X(gnutls_priority_get_cipher_suite_index)  \
  X(gnutls_priority_init)                    \
  X(gnutls_priority_set)                     \
  X(gnutls_rnd)                              \
  X(gnutls_session_get_ptr)                  \
  X(gnutls_session_set_ptr)                  \
  X(gnutls_session_set_verify_function)      \
  X(gnutls_strerror)                         \
  X(gnutls_x509_crt_deinit)                  \
  X(gnutls_x509_crt_get_activation_time)     \
  X(gnutls_x509_crt_get_expiration_time)     \
  X(gnutls_x509_crt_get_subject_alt_name)    \
  X(gnutls_x509_crt_import)                  \
  X(gnutls_x509_crt_init)

#define KLE_MICROHTTPD_FUNCTIONS(X)                         \
  X(MHD_add_response_header)                                \
  X(MHD_create_response_from_buffer_with_free_callback_cls) \
  X(MHD_destroy_response)                                   \
  X(MHD_get_connection_info)                                \
  X(MHD_lookup_connection_value)                            \
  X(MHD_queue_response)                                     \
  X(MHD_quiesce_daemon)                                     \
  X(MHD_start_daemon)                                       \
  X(MHD_stop_daemon)

namespace kle {

// NOLINTNEXTLINE(bugprone-macro-parentheses): a declarator in parentheses is a warning elsewhere.
#define KLE_DECLARE(function) decltype(&::function) function;
struct TlsLibraries {
  KLE_GNUTLS_FUNCTIONS(KLE_DECLARE)
  KLE_MICROHTTPD_FUNCTIONS(KLE_DECLARE)
};
#undef KLE_DECLARE

// Once; any thread. An error says what the dynamic linker says.
[[nodiscard]] Result<void> LoadTlsLibraries();

// Only after LoadTlsLibraries() was ok.
const TlsLibraries& Tls();

}  // namespace kle
