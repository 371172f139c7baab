// SPDX-License-Identifier: Apache-2.0
#include "exporter/web_config.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <sstream>
#include <thread>

#include "exporter/live_web_config.h"
#include "exporter/tls_priority.h"
#include "exporter/web_keys.h"
#include "openssl_files.h"
#include "temp_folder.h"

namespace kle {
namespace {

class WebConfigTest : public testing::Test {
 protected:
  // Each problem as "LINE:COLUMN: message".
  std::vector<std::string> ProblemsOf(const std::string& yaml) {
    const std::string path = folder_.Write("web.yml", yaml);
    Problems problems;
    LoadWebState(path, problems);
    std::vector<std::string> texts;
    for (const Problem& problem : problems) {
      const std::string text = problem.Text();
      EXPECT_TRUE(text.starts_with(path + ":")) << text;
      EXPECT_EQ(text.find('\n'), std::string::npos) << text;
      texts.push_back(text.substr(path.size() + 1));
    }
    return texts;
  }

  void ExpectProblem(const std::string& yaml, const std::string& begin, const std::string& part) {
    const auto texts = ProblemsOf(yaml);
    ASSERT_EQ(texts.size(), 1U) << yaml << testing::PrintToString(texts);
    EXPECT_TRUE(texts[0].starts_with(begin)) << yaml << texts[0];
    EXPECT_NE(texts[0].find(part), std::string::npos) << yaml << texts[0];
  }

  TempFolder folder_;
};

constexpr const char* kHash = "$2b$04$Mwf52YekAfHjpAO2iKxmGuEYom5oE.MVvdj.gVU7oMoFjZzo1cP4.";

TEST_F(WebConfigTest, EverythingThatTheToolkitHas) {
  MakeCertificate(folder_, "server");
  MakeCertificate(folder_, "ca");
  Problems problems;
  const auto state = LoadWebState(folder_.Write("web.yml", std::string(R"(
tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.crt
  client_allowed_sans: [prometheus.example]
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: false
  curve_preferences: [CurveP256, X25519]
http_server_config:
  http2: false
  headers:
    X-Frame-Options: deny
basic_auth_users:
  prom: )") + kHash + "\nrate_limit:\n  interval: 0\n"),
                                  problems);
  ASSERT_TRUE(state) << InOneLine(problems);
  EXPECT_TRUE(state->tls);
  EXPECT_TRUE(state->auth->required());
  EXPECT_EQ(state->config.headers.size(), 1U);
  EXPECT_EQ(state->config.tls->certificate.file, folder_ / "server.crt");
}

TEST_F(WebConfigTest, NothingAndEmptySectionsArePlain) {
  for (const char* yaml : {"", "# nothing\n", "tls_server_config:\n", "tls_server_config: {}\n",
                           "basic_auth_users: {}\nhttp_server_config:\n"}) {
    Problems problems;
    const auto state = LoadWebState(folder_.Write("web.yml", yaml), problems);
    ASSERT_TRUE(state) << yaml << InOneLine(problems);
    EXPECT_FALSE(state->tls) << yaml;
    EXPECT_FALSE(state->auth->required()) << yaml;
  }
}

TEST_F(WebConfigTest, ProblemsNameTheirPlace) {
  ExpectProblem("a: [\n", "2:1: ", "no YAML");
  ExpectProblem("- a\n", "1:1: ", "not a map");
  ExpectProblem("\ntls_server_confg:\n  cert_file: x\n",
                "2:1: ", "did you mean tls_server_config?");
  ExpectProblem("tls_server_config:\n  cert_fil: x\n", "2:3: ", "did you mean cert_file?");
  ExpectProblem("tls_server_config: x\n", "1:20: ", "key: value");
  ExpectProblem("basic_auth_users:\n  prom: secret\n", "2:9: ", "no bcrypt hash");
  ExpectProblem("basic_auth_users: [prom]\n", "1:19: ", "bcrypt hash");
  ExpectProblem("http_server_config:\n  headers:\n    X-Other: a\n", "3:5: ", "unknown key");
  ExpectProblem("rate_limit:\n  interval: 1s\n  burst: 5\n", "1:1: ", "not supported");
  ExpectProblem(std::string("basic_auth_users: {a: ") + kHash + "}\nbasic_auth_users: {}\n",
                "2:1: ", "twice");
}

// What the reader knows and what docs/CONFIGURATION.md tells are the same.
TEST_F(WebConfigTest, EveryKeyIsDocumented) {
  for (const std::string section : {"tls_server_config", "http_server_config"}) {
    const auto texts = ProblemsOf(section + ":\n  nonsense: 1\n");
    ASSERT_EQ(texts.size(), 1U);
    std::set<std::string> known;
    std::istringstream list(texts[0].substr(texts[0].find("known are ") + 10));
    for (std::string name; std::getline(list, name, ',');) {
      known.insert(section + "." + name.substr(name.find_first_not_of(' ')));
    }
    std::set<std::string> documented;
    for (const WebKey& key : WebKeys()) {
      if (key.name.starts_with(section)) documented.emplace(key.name);
    }
    EXPECT_EQ(known, documented);
  }
}

TEST_F(WebConfigTest, ProblemsOfTls) {
  MakeCertificate(folder_, "server");
  MakeCertificate(folder_, "other");
  const std::string tls = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";
  ExpectProblem("tls_server_config:\n  cert_file: server.crt\n",
                "1:1: ", "neither key_file nor key");
  ExpectProblem("tls_server_config:\n  min_version: TLS13\n  key_file: server.key\n",
                "1:1: ", "neither cert_file nor cert");
  ExpectProblem("tls_server_config:\n  cert_file: gone.crt\n  key_file: server.key\n",
                "2:3: ", "gone.crt: No such file");
  ExpectProblem("tls_server_config:\n  cert_file: server.crt\n  key_file: other.key\n",
                "3:3: ", "does not belong to the certificate");
  ExpectProblem("tls_server_config:\n  cert_file: server.key\n  key_file: server.key\n",
                "2:3: ", "is no PEM certificate");
  ExpectProblem("tls_server_config:\n  cert_file: server.crt\n  key_file: server.crt\n",
                "3:3: ", "is no PEM private key");
  ExpectProblem("tls_server_config:\n  cert: nonsense\n  key_file: server.key\n",
                "2:3: ", "is no PEM certificate");
  ExpectProblem(tls + "  cert: x\n", "4:3: ", "drop one");
  ExpectProblem(tls + "  client_auth_type: RequireAndVerifyClientCert\n",
                "4:3: ", "client_ca_file");
  ExpectProblem(tls + "  client_auth_type: Verify\n", "4:21: ", "NoClientCert");
  ExpectProblem(tls + "  client_ca_file: server.crt\n", "4:3: ", "client_auth_type");
  ExpectProblem(
      tls + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: server.key\n",
      "5:3: ", "holds no PEM certificate");
  ExpectProblem(tls + "  client_allowed_sans: [a]\n", "4:3: ", "RequireAndVerifyClientCert");
  ExpectProblem(tls + "  min_version: TLS10\n", "4:16: ", "TLS12, TLS13");
  ExpectProblem(tls + "  min_version: TLS13\n  max_version: TLS12\n", "4:3: ", "above");
  ExpectProblem(tls + "  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n", "4:19: ", "unknown");
  ExpectProblem(tls + "  curve_preferences:\n    - P256\n", "5:7: ", "CurveP256");
  ExpectProblem(tls + "  prefer_server_cipher_suites: perhaps\n", "4:32: ", "true or false");
  // Several at once.
  EXPECT_EQ(ProblemsOf("tls_server_config:\n  a: b\n  c: d\nbasic_auth_users:\n  e: f\n").size(),
            3U);
}

TEST_F(WebConfigTest, AListOfSuitesIsKeptToExactly) {
  TlsOptions options;
  EXPECT_TRUE(TlsPriority(options));
  options.cipher_suites = {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"};
  EXPECT_TRUE(TlsPriority(options));
  // GnuTLS would allow the other two combinations as well.
  options.cipher_suites = {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                           "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"};
  auto mixed = TlsPriority(options);
  ASSERT_FALSE(mixed);
  EXPECT_NE(mixed.error().message().find("TLS_ECDHE_"), std::string::npos);
  options.cipher_suites.emplace_back("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
  options.cipher_suites.emplace_back("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
  EXPECT_TRUE(TlsPriority(options));
  options.cipher_suites = CipherSuiteNames();
  auto every = TlsPriority(options);
  EXPECT_TRUE(every) << every.error().message();
}

TEST_F(WebConfigTest, PasswordsThatWereRightAreRemembered) {
  BasicAuth auth(std::map<std::string, std::string>{{"prom", kHash}});
  const std::string right = "Basic cHJvbTpzZWNyZXQ=";
  EXPECT_EQ(auth.Check(right, "a"), AuthVerdict::kAllowed);
  EXPECT_EQ(auth.Check(right, "b"), AuthVerdict::kAllowed);
  EXPECT_EQ(auth.Check("Basic cHJvbTp3cm9uZw==", "a"), AuthVerdict::kDenied);
  for (const char* odd : {"", "Basic", "Basic !", "Bearer x", "Basic cHJvbQ==", "Basic AAAA"}) {
    EXPECT_EQ(auth.Check(odd, "a"), AuthVerdict::kDenied) << odd;
  }
}

TEST_F(WebConfigTest, GuessesFromOnePlaceDoNotKeepOthersOut) {
  // Cost 12: a quarter of a second for each guess.
  BasicAuth auth(std::map<std::string, std::string>{{"prom", "$2b$12$" + std::string(kHash + 7)}});
  std::vector<std::thread> guesses;
  std::atomic<int> busy{0};
  for (int i = 0; i < 8; ++i) {
    guesses.emplace_back([&] {
      busy += auth.Check("Basic cHJvbTp3cm9uZw==", "attacker") == AuthVerdict::kBusy ? 1 : 0;
    });
  }
  const auto other = auth.Check("Basic cHJvbTpndWVzcw==", "prometheus");
  EXPECT_NE(other, AuthVerdict::kBusy);
  for (auto& guess : guesses) guess.join();
  EXPECT_GE(busy, 4);
}

}  // namespace
}  // namespace kle
