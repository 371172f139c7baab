// SPDX-License-Identifier: Apache-2.0
#include "exporter/tls_context.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>
#include <type_traits>

#include "exporter/small_file.h"
#include "exporter/tls_libraries.h"
#include "exporter/tls_priority.h"

namespace kle {
namespace {

constexpr unsigned kMostCertificates = 32;

using Certificate =
    std::unique_ptr<std::remove_pointer_t<gnutls_x509_crt_t>, decltype(&gnutls_x509_crt_deinit)>;

Certificate NewCertificate() {
  gnutls_x509_crt_t made = nullptr;
  Tls().gnutls_x509_crt_init(&made);
  return {made, Tls().gnutls_x509_crt_deinit};
}

gnutls_datum_t Datum(std::string& text) {
  return {reinterpret_cast<unsigned char*>(text.data()), static_cast<unsigned>(text.size())};
}

// Where the option `name`, or else the same with "_file", was given.
class Reporter {
 public:
  Reporter(const TlsOptions& options, const std::string& path, Problems& problems)
      : options_(options), path_(path), problems_(problems) {}

  void Add(const std::string& name, const Pem& pem, const std::string& message) {
    AddAt(pem.file.empty() ? name : name + "_file",
          pem.file.empty() ? message : pem.file + ": " + message);
  }
  void AddAt(const std::string& key, const std::string& message) {
    const auto place = options_.places.find(key);
    problems_.push_back({path_, place == options_.places.end() ? Place{} : place->second,
                         "tls_server_config." + key + ": " + message});
  }

 private:
  const TlsOptions& options_;
  const std::string& path_;
  Problems& problems_;
};

std::optional<std::string> Read(const std::string& name, const Pem& pem, Reporter& reporter) {
  if (pem.file.empty()) return pem.text;
  auto text = ReadSmallFile(pem.file);
  if (text) return *text;
  reporter.AddAt(name + "_file", text.error().message());
  return std::nullopt;
}

TlsContext::SystemTime Time(time_t seconds) {
  return std::chrono::system_clock::from_time_t(std::max<time_t>(seconds, 0));
}

std::string KeyFault(int code, const std::string& text) {
  if (code == GNUTLS_E_CERTIFICATE_KEY_MISMATCH) return "does not belong to the certificate";
  if (text.find("ENCRYPTED") != std::string::npos) {
    return "is encrypted: store it without a passphrase, readable by the exporter's user alone";
  }
  return std::string("is no PEM private key: ") + Tls().gnutls_strerror(code);
}

bool Required(ClientAuth auth) {
  return auth == ClientAuth::kRequireAny || auth == ClientAuth::kRequireAndVerify;
}

// What the certificate is for, by each kind of name that the toolkit compares.
std::vector<std::string> AlternativeNames(gnutls_x509_crt_t certificate) {
  std::vector<std::string> names;
  for (unsigned i = 0;; ++i) {
    std::array<char, 1024> name{};
    size_t size = name.size();
    const int type =
        Tls().gnutls_x509_crt_get_subject_alt_name(certificate, i, name.data(), &size, nullptr);
    if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) return names;
    if (type == GNUTLS_SAN_IPADDRESS) {
      std::array<char, INET6_ADDRSTRLEN> text{};
      if (inet_ntop(size == 4 ? AF_INET : AF_INET6, name.data(), text.data(), text.size()) !=
          nullptr) {
        names.emplace_back(text.data());
      }
    } else if (type == GNUTLS_SAN_DNSNAME || type == GNUTLS_SAN_RFC822NAME ||
               type == GNUTLS_SAN_URI) {
      names.emplace_back(name.data(), size);
    } else if (type < 0 && type != GNUTLS_E_SHORT_MEMORY_BUFFER) {
      return names;
    }
  }
}

}  // namespace

TlsContext::~TlsContext() {
  if (credentials_ != nullptr) Tls().gnutls_certificate_free_credentials(credentials_);
  if (priority_ != nullptr) Tls().gnutls_priority_deinit(priority_);
}

std::shared_ptr<const TlsContext> TlsContext::Load(const TlsOptions& options,
                                                   const std::string& path, Problems& problems) {
  const std::shared_ptr<TlsContext> context(new TlsContext);
  if (Tls().gnutls_certificate_allocate_credentials(&context->credentials_) != 0) return nullptr;
  context->client_auth_ = options.client_auth;
  context->allowed_sans_ = options.client_allowed_sans;
  const bool certificate = context->LoadCertificate(options, path, problems);
  const bool ca = context->LoadClientCa(options, path, problems);
  const bool priority = context->LoadPriority(options, path, problems);
  return certificate && ca && priority ? context : nullptr;
}

bool TlsContext::LoadCertificate(const TlsOptions& options, const std::string& path,
                                 Problems& problems) {
  Reporter reporter(options, path, problems);
  auto certificate = Read("cert", options.certificate, reporter);
  auto key = Read("key", options.key, reporter);
  if (!certificate || !key) return false;
  const gnutls_datum_t certificate_pem = Datum(*certificate);
  const auto leaf = NewCertificate();
  if (const int code =
          Tls().gnutls_x509_crt_import(leaf.get(), &certificate_pem, GNUTLS_X509_FMT_PEM);
      code != 0) {
    reporter.Add("cert", options.certificate,
                 std::string("is no PEM certificate: ") + Tls().gnutls_strerror(code));
    return false;
  }
  not_before_ = Time(Tls().gnutls_x509_crt_get_activation_time(leaf.get()));
  not_after_ = Time(Tls().gnutls_x509_crt_get_expiration_time(leaf.get()));
  const gnutls_datum_t key_pem = Datum(*key);
  const int code = Tls().gnutls_certificate_set_x509_key_mem2(
      credentials_, &certificate_pem, &key_pem, GNUTLS_X509_FMT_PEM, nullptr, 0);
  if (code < 0) {
    reporter.Add("key", options.key, KeyFault(code, *key));
    return false;
  }
  return true;
}

bool TlsContext::LoadClientCa(const TlsOptions& options, const std::string& path,
                              Problems& problems) {
  if (options.client_ca.empty()) return true;
  Reporter reporter(options, path, problems);
  auto text = Read("client_ca", options.client_ca, reporter);
  if (!text) return false;
  const gnutls_datum_t pem = Datum(*text);
  const int count =
      Tls().gnutls_certificate_set_x509_trust_mem(credentials_, &pem, GNUTLS_X509_FMT_PEM);
  if (count <= 0) {
    reporter.Add("client_ca", options.client_ca, "holds no PEM certificate");
    return false;
  }
  return true;
}

bool TlsContext::LoadPriority(const TlsOptions& options, const std::string& path,
                              Problems& problems) {
  Reporter reporter(options, path, problems);
  const char* key = options.cipher_suites.empty() ? "min_version" : "cipher_suites";
  auto priority = TlsPriority(options);
  if (!priority) {
    reporter.AddAt(key, priority.error().message());
    return false;
  }
  if (const int code = Tls().gnutls_priority_init(&priority_, priority->c_str(), nullptr);
      code != 0) {
    reporter.AddAt(key,
                   std::string("this machine's GnuTLS refuses it: ") + Tls().gnutls_strerror(code));
    return false;
  }
  return true;
}

bool TlsContext::Apply(gnutls_session_t session, bool ask_for_client_certificate) const {
  if (Tls().gnutls_priority_set(session, priority_) != 0 ||
      Tls().gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials_) != 0) {
    return false;
  }
  Tls().gnutls_session_set_ptr(session, const_cast<TlsContext*>(this));
  const bool ask = ask_for_client_certificate && client_auth_ != ClientAuth::kNone;
  Tls().gnutls_certificate_server_set_request(session, !ask ? GNUTLS_CERT_IGNORE
                                                       : Required(client_auth_)
                                                           ? GNUTLS_CERT_REQUIRE
                                                           : GNUTLS_CERT_REQUEST);
  if (ask) Tls().gnutls_session_set_verify_function(session, &TlsContext::Verify);
  return true;
}

// Anything but 0 ends the handshake. TLS 1.3 comes here without a certificate too.
int TlsContext::Verify(gnutls_session_t session) {
  const auto* context = static_cast<const TlsContext*>(Tls().gnutls_session_get_ptr(session));
  unsigned count = 0;
  const gnutls_datum_t* sent = Tls().gnutls_certificate_get_peers(session, &count);
  if (sent == nullptr || count == 0) {
    return Required(context->client_auth_) ? GNUTLS_E_NO_CERTIFICATE_FOUND : 0;
  }
  if (context->client_auth_ == ClientAuth::kVerifyIfGiven ||
      context->client_auth_ == ClientAuth::kRequireAndVerify) {
    std::string purpose = GNUTLS_KP_TLS_WWW_CLIENT;
    gnutls_typed_vdata_st wanted{GNUTLS_DT_KEY_PURPOSE_OID,
                                 reinterpret_cast<unsigned char*>(purpose.data()), 0};
    unsigned status = 0;
    if (Tls().gnutls_certificate_verify_peers(session, &wanted, 1, &status) != 0 || status != 0) {
      return GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
    }
  }
  if (context->allowed_sans_.empty()) return 0;
  const auto leaf = NewCertificate();
  if (count > kMostCertificates ||
      Tls().gnutls_x509_crt_import(leaf.get(), sent, GNUTLS_X509_FMT_DER) != 0) {
    return GNUTLS_E_CERTIFICATE_ERROR;
  }
  for (const std::string& name : AlternativeNames(leaf.get())) {
    if (std::find(context->allowed_sans_.begin(), context->allowed_sans_.end(), name) !=
        context->allowed_sans_.end()) {
      return 0;
    }
  }
  return GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
}

}  // namespace kle
