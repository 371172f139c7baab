// SPDX-License-Identifier: Apache-2.0
#include "exporter/live_web_config.h"

#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "exporter/log.h"
#include "exporter/tls_libraries.h"
#include "parser/time.h"

namespace kle {
namespace {

constexpr std::chrono::seconds kLookEvery(1);
constexpr std::chrono::hours kExpiresSoon(7 * 24);
constexpr int kPartOfLife = 10;

// Changes when the file, or what a link on the way to it points at, is another one or is written.
std::string StampOf(const std::string& path) {
  struct stat status {};
  if (path.empty() || stat(path.c_str(), &status) != 0) return "-;";
  std::string stamp;
  for (const auto part : {static_cast<int64_t>(status.st_dev), static_cast<int64_t>(status.st_ino),
                          static_cast<int64_t>(status.st_size), status.st_mtim.tv_sec,
                          status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec}) {
    stamp.append(std::to_string(part)).append(",");
  }
  return stamp += ";";
}

std::vector<std::string> FilesOf(const WebState& state) {
  if (!state.config.tls) return {};
  const TlsOptions& tls = *state.config.tls;
  return {tls.certificate.file, tls.key.file, tls.client_ca.file};
}

std::string Text(std::chrono::system_clock::time_point at) {
  return FormatTimestamp(std::chrono::time_point_cast<Duration>(at));
}

// "" while there is nothing to say.
std::string ExpiryOf(const TlsContext& tls, std::chrono::system_clock::time_point now) {
  if (now >= tls.not_after()) return "the certificate has expired: clients refuse it";
  if (now < tls.not_before()) return "the certificate is not valid yet: clients refuse it";
  const auto soon = std::min<std::chrono::system_clock::duration>(
      kExpiresSoon, (tls.not_after() - tls.not_before()) / kPartOfLife);
  if (now >= tls.not_after() - soon) return "the certificate expires soon";
  return "";
}

}  // namespace

std::shared_ptr<const WebState> LoadWebState(const std::string& path, Problems& problems) {
  const size_t before = problems.size();
  auto state = std::make_shared<WebState>();
  if (!path.empty()) state->config = ReadWebConfig(path, problems);
  if (problems.size() != before) return nullptr;
  if (state->config.tls || !state->config.users.empty()) {
    if (auto loaded = LoadTlsLibraries(); !loaded) {
      problems.push_back({path, {}, loaded.error().message()});
      return nullptr;
    }
  }
  state->auth = std::make_shared<BasicAuth>(state->config.users);
  if (state->config.tls) {
    state->tls = TlsContext::Load(*state->config.tls, path, problems);
    if (!state->tls) {
      if (problems.size() == before) problems.push_back({path, {}, "TLS cannot be set up"});
      return nullptr;
    }
  }
  return state;
}

LiveWebConfig::LiveWebConfig(std::string path, std::shared_ptr<const WebState> state)
    : state_(std::move(state)), path_(std::move(path)) {
  seen_ = FingerprintOf(*state_);
  WarnOfExpiry();
  StartToWatch();
}

LiveWebConfig::~LiveWebConfig() {
  {
    const std::lock_guard lock(ending_mutex_);
    ending_ = true;
  }
  ending_changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::shared_ptr<const WebState> LiveWebConfig::Get() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

LiveWebConfig::Health LiveWebConfig::health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

LiveWebConfig::Fingerprint LiveWebConfig::FingerprintOf(const WebState& state) const {
  Fingerprint fingerprint = StampOf(path_);
  for (const std::string& file : FilesOf(state)) fingerprint += StampOf(file);
  return fingerprint;
}

void LiveWebConfig::StartToWatch() {
  if (!thread_.joinable() && !path_.empty()) thread_ = std::thread([this] { Watch(); });
}

void LiveWebConfig::Watch() {
  sigset_t every;  // signals are for the thread that waits for lines
  sigfillset(&every);
  pthread_sigmask(SIG_BLOCK, &every, nullptr);
  std::unique_lock lock(ending_mutex_);
  while (!ending_changed_.wait_for(lock, kLookEvery, [this] { return ending_; })) {
    lock.unlock();
    Look();
    lock.lock();
  }
}

// Certificate and key are two files, seldom replaced in one moment: what fails is read once more a
// second later before anything is said.
void LiveWebConfig::Look() {
  const std::lock_guard lock(reading_);
  const Fingerprint now = FingerprintOf(*Get());
  if (now != seen_) {
    seen_ = now;
    retried_ = Read(false);
  } else if (!retried_) {
    retried_ = true;
    Read(true);
  }
  WarnOfExpiry();
}

bool LiveWebConfig::Reload(const std::string& path) {
  const std::lock_guard lock(reading_);
  const std::string before = std::exchange(path_, path);
  seen_ = FingerprintOf(*Get());
  retried_ = true;
  said_.clear();
  const bool good = Read(true);
  if (!good && path != before) {
    path_ = before;
    seen_ = FingerprintOf(*Get());
  }
  StartToWatch();
  return good;
}

bool LiveWebConfig::Read(bool say) {
  Problems problems;
  auto fresh = LoadWebState(path_, problems);
  const auto before = Get();
  if (fresh && (fresh->tls == nullptr) != (before->tls == nullptr)) {
    problems.push_back({path_,
                        {},
                        std::string("TLS cannot be switched ") + (fresh->tls ? "on" : "off") +
                            " while running: restart"});
    fresh = nullptr;
  }
  if (!fresh) {
    const std::string text = InOneLine(problems);
    if (say && text != said_) {
      said_ = text;
      Log(LogLevel::kError, "the web configuration was not taken: what was there before goes on",
          {{"error", text}});
    }
    if (say) {
      const std::lock_guard lock(mutex_);
      health_.good = false;
    }
    return false;
  }
  if (fresh->config.users == before->config.users) {
    // Nobody has to pay for a password again because a certificate was renewed.
    auto kept = std::make_shared<WebState>(*fresh);
    kept->auth = before->auth;
    fresh = std::move(kept);
  }
  said_.clear();
  expiry_said_.clear();
  if (FilesOf(*fresh) != FilesOf(*before)) seen_ = FingerprintOf(*fresh);
  if (fresh->tls) {
    Log(LogLevel::kInfo, "the web configuration was read again",
        {{"certificate_expires", Text(fresh->tls->not_after())}});
  } else if (!path_.empty()) {
    Log(LogLevel::kInfo, "the web configuration was read again");
  }
  const std::lock_guard lock(mutex_);
  state_ = std::move(fresh);
  health_ = {};
  return true;
}

void LiveWebConfig::WarnOfExpiry() {
  const auto state = Get();
  if (!state->tls) return;
  const std::string text = ExpiryOf(*state->tls, std::chrono::system_clock::now());
  if (text == expiry_said_) return;
  expiry_said_ = text;
  if (text.empty()) return;
  Log(LogLevel::kWarn, text,
      {{"not_before", Text(state->tls->not_before())},
       {"not_after", Text(state->tls->not_after())}});
}

}  // namespace kle
