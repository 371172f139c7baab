// SPDX-License-Identifier: Apache-2.0
// The built binary: exit codes and one-line errors.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "temp_folder.h"

extern char** environ;

namespace kle {
namespace {

struct Finished {
  int code = -1;
  std::string out;
  std::string error;
};

std::string Content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class CommandLine : public testing::Test {
 protected:
  // Standard output and error go to files of the folder.
  pid_t Spawn(std::vector<std::string> arguments, const std::string& input = "/dev/null",
              std::string output = "") {
    arguments.insert(arguments.begin(), KLE_BINARY);
    arguments.insert(arguments.begin(), prefix_.begin(), prefix_.end());
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    constexpr int kCreate = O_WRONLY | O_CREAT | O_TRUNC;
    if (output.empty()) output = folder_ / "out";
    posix_spawn_file_actions_addopen(&actions, 0, input.c_str(), O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), kCreate, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, (folder_ / "error").c_str(), kCreate, 0600);
    pid_t pid = -1;
    EXPECT_EQ(posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
  }

  Finished Wait(pid_t pid) {
    Finished finished;
    int status = 0;
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    finished.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    finished.out = Content(folder_ / "out");
    finished.error = Content(folder_ / "error");
    return finished;
  }

  Finished Run(std::vector<std::string> arguments, const std::string& input = "/dev/null") {
    return Wait(Spawn(std::move(arguments), input));
  }

  // What a terminal of that many columns gets.
  std::string RunOnTerminal(std::vector<std::string> arguments, unsigned short columns) {
    const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    EXPECT_EQ(grantpt(master), 0);
    EXPECT_EQ(unlockpt(master), 0);
    const winsize size{24, columns, 0, 0};
    const int terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    EXPECT_EQ(ioctl(terminal, TIOCSWINSZ, &size), 0);
    const pid_t pid = Spawn(std::move(arguments), "/dev/null", ptsname(master));
    close(terminal);
    std::string shown;
    char block[4096];
    for (ssize_t got = 0; (got = read(master, block, sizeof block)) > 0;) {
      shown.append(block, static_cast<size_t>(got));
    }
    EXPECT_EQ(Wait(pid).code, 0);
    close(master);
    return shown;
  }

  // One line, and it holds what it must.
  void ExpectError(const std::vector<std::string>& arguments, int code, std::string_view wanted) {
    const Finished finished = Run(arguments);
    const std::string shown = testing::PrintToString(arguments) + "\n" + finished.error;
    EXPECT_EQ(finished.code, code) << shown;
    EXPECT_EQ(finished.out, "") << shown;
    EXPECT_EQ(std::count(finished.error.begin(), finished.error.end(), '\n'), 1) << shown;
    EXPECT_NE(finished.error.find(wanted), std::string::npos) << shown;
  }

  std::string StuckLog(const std::string& pod = "web-0") {
    return folder_.Write(
        "stuck.log",
        KubeletLine(0, R"("SyncLoop DELETE" source="api" pods=["prod/)" + pod + "\"]") + "\n" +
            KubeletLine(
                0, R"("Killing container with a grace period" pod="prod/)" + pod +
                       R"(" podUID="9517cc45-6c1c-49d3-9b90-c0757b328ac8" containerName="app" )"
                       R"(containerID="containerd://)" +
                       std::string(64, 'a') + R"(" gracePeriod=30)") +
            "\n" + KubeletLine(900, R"("SyncLoop ADD" source="api" pods=["prod/web-1"])") + "\n");
  }

  TempFolder folder_;
  const std::string no_state_ = "--state.path=none";
  const std::string any_port_ = "--web.listen-address=127.0.0.1:0";  // tests run side by side
  std::vector<std::string> prefix_;  // a program to run the binary with
};

TEST_F(CommandLine, HelpAndVersion) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"--help"}, {"serve", "--help"}, {"report", "--help"}, {"--version"}}) {
    const Finished finished = Run(arguments);
    EXPECT_EQ(finished.code, 0);
    EXPECT_NE(finished.out, "");
    EXPECT_EQ(finished.error, "");
  }
}

TEST_F(CommandLine, HelpAndVersionAsCommands) {
  EXPECT_EQ(Run({"help"}).out, Run({"--help"}).out);
  EXPECT_EQ(Run({"help", "report"}).out, Run({"report", "--help"}).out);
  EXPECT_EQ(Run({"version"}).out, Run({"--version"}).out);
  const std::string help = Run({"--help"}).out;
  for (const char* command : {"completion", "man", "check-config"}) {
    EXPECT_NE(help.find("\n  " + std::string(command)), std::string::npos) << help;
  }
}

TEST_F(CommandLine, OutputThatIsNotTakenIsAnError) {
  const std::string config = folder_.Write("config.yml", "log.level: warn\n");
  const std::vector<std::vector<std::string>> commands = {{"--help"},
                                                          {"report", "--help"},
                                                          {"--version"},
                                                          {"catalogue"},
                                                          {"metrics"},
                                                          {"completion", "bash"},
                                                          {"man"},
                                                          {"configuration"},
                                                          {"explain", "hello"},
                                                          {"check-config", config},
                                                          {"report", StuckLog()}};
  for (const auto& arguments : commands) {
    const Finished finished = Wait(Spawn(arguments, "/dev/null", "/dev/full"));
    const std::string shown = testing::PrintToString(arguments) + "\n" + finished.error;
    EXPECT_EQ(finished.code, 1) << shown;
    EXPECT_NE(finished.error.find("cannot write the output: "), std::string::npos) << shown;
  }
}

TEST_F(CommandLine, UsageErrors) {
  ExpectError({"--web.listen-addres=:1"}, 2, "did you mean --web.listen-address?");
  ExpectError({"reprot", "x"}, 2, "did you mean report?");
  ExpectError({"report"}, 2, "name a log");
  ExpectError({"report", "--format=pdf", "x"}, 2,
              "--format: \"pdf\" is none of table, json, csv, html, openmetrics, otlp (see");
  ExpectError({"report", "--runtime.source=x", "x"}, 2, "\"x\" is none of auto, none");
  ExpectError({"report", "x", "--pod"}, 2, "--pod: has no value: give one or leave it out");
  ExpectError({"--state.path"}, 2, "--state.path: has no value: give one or leave it out");
  ExpectError({"report", "--stuck-only=maybe", "x"}, 2, "--stuck-only: takes no value");
  ExpectError({"report", "--since=yesterday", "x"}, 2, "try 2026-11-23T23:00:00Z, 2h or 30m");
  ExpectError({"report", "--format=openmetrics", "--pod=a", "x"}, 2, "whole log");
  ExpectError({"report", "--format=csv", "--diff=y", "x"}, 2, "--diff");
  ExpectError({"completion", "fish"}, 2, "bash or zsh");
  ExpectError({"--trace.endpoint=https://a/", no_state_}, 2, "TLS");
  for (const char* odd : {"many", "-1", "99999999999", "1.5"}) {
    ExpectError({"report", "--slowest=" + std::string(odd), "x"}, 2,
                "--slowest: \"" + std::string(odd) + "\" is no number from 0 to 1000000");
  }
  ExpectError({"report", "--year=26", "x"}, 2, "--year: \"26\" is no number from 1970 to 2200");
  ExpectError({"report", "--pod=a", "--pod=b", "x"}, 2, "--pod: is given more than once");
  ExpectError({"report", "--since=2026-11-24", "--until=2026-11-23", "x"}, 2, "is after --until");
  ExpectError({"report", "--since=1h", "--until=2h", "x"}, 2, "is after --until");
  ExpectError({"report", "--timezone=Mars/Base", "x"}, 2, "Mars/Base");
  ExpectError({"--stuck.slack=soon"}, 2, "soon");
  ExpectError({"--start=later"}, 2, "later");
  ExpectError({"--source=file"}, 2, "--file.path");
  ExpectError({"--file.path=/x"}, 2, "--source=file");
  ExpectError({"--web.listen-address=::1:80"}, 2, "stands in brackets");
  ExpectError({"--web.listen-address=10298"}, 2, "write host:port or :port");
  ExpectError({"--stuck.slack=1s", "--stuck.slack=2s"}, 2, "more than once");
  ExpectError({"--log.level=loud"}, 2, "debug, info, warn, error");
  ExpectError({"--web.telemetry-path=/-/ready"}, 2, "taken");
  ExpectError({"--config.file=" + (folder_ / "missing")}, 2, "missing");
  const std::string tls = folder_.Write("tls.yml", "tls_server_config:\n  cert_file: a\n");
  ExpectError({"--web.config.file=" + tls}, 2, tls + ":1:1: tls_server_config: neither key_file");
  ExpectError({"--web.config.file=" + (folder_ / "missing")}, 2, "No such file");
}

TEST_F(CommandLine, AnEmptyValueDoesNotTakeTheNextArgument) {
  constexpr std::string_view kEmpty = ": is empty: give a value or leave it out";
  ExpectError({"--state.path=", "--web.listen-address=127.0.0.1:1"}, 2,
              "--state.path" + std::string(kEmpty));
  ExpectError({"serve", "--file.path", "", "--source=file"}, 2,
              "--file.path" + std::string(kEmpty));
  ExpectError({"report", "--timezone=", StuckLog()}, 2, "--timezone" + std::string(kEmpty));
  ExpectError({"report", "--diff=", StuckLog()}, 2, "--diff" + std::string(kEmpty));
  ExpectError({"report", "--pod", "", StuckLog()}, 2, "--pod" + std::string(kEmpty));
  ExpectError({"prepare-state", "--state.path="}, 2, "--state.path" + std::string(kEmpty));
}

TEST_F(CommandLine, AFolderIsNoStateFile) {
  const std::string folder = folder_ / "precious";
  ASSERT_EQ(mkdir(folder.c_str(), 0700), 0);
  const std::string log = StuckLog();
  ExpectError({"--state.path=" + folder, "--source=file", "--file.path=" + log}, 2,
              "--state.path: \"" + folder + "\" is a folder: name a file in it");
  ExpectError({"--state.path=" + folder_ / "missing/"}, 2, "is a folder: name a file in it");
  ExpectError({"--state.path=/dev/null"}, 2, "is no plain file");
  const std::string config = folder_.Write("config.yml", "state.path: " + folder + "\n");
  ExpectError({"check-config", config}, 2, config + ":1:13: state.path: \"" + folder);
  EXPECT_TRUE(std::filesystem::is_directory(folder));
  EXPECT_FALSE(std::filesystem::exists(folder + ".bad"));
}

TEST_F(CommandLine, ReportErrors) {
  ExpectError({"report", folder_ / "missing"}, 1, "No such file");
  ExpectError({"report", folder_.Write("empty", "")}, 1, "is empty");
  ExpectError({"report", folder_.Write("other", "hello\nworld\n")}, 1, "no kubelet (klog) line");
  ExpectError({"report", KLE_BINARY}, 1, "binary");
  ExpectError({"report", folder_.Write("cut.gz", "\x1f\x8b\x08")}, 1, "cut short after 3 bytes");
  const std::string header("LPKSHHRH");
  ExpectError({"report", folder_.Write("cut.journal", header + std::string(200, '\0'))}, 1,
              "it is cut short or damaged: copy it again");
  TempFolder empty;
  ExpectError({"report", empty.path()}, 1, "holds no kubelet log");
}

TEST_F(CommandLine, OfACutLogWhatIsThereIsReported) {
  std::ifstream plain(StuckLog());
  const std::string log(std::istreambuf_iterator<char>(plain), {});
  // gzip's header and one stored block, its length twice; the trailer is missing.
  const std::string bytes{static_cast<char>(log.size() & 0xff), static_cast<char>(log.size() >> 8)};
  const std::string packed =
      std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03\0", 11) + bytes +
      std::string{static_cast<char>(~bytes[0]), static_cast<char>(~bytes[1])} + log;
  const std::string cut = folder_.Write("cut.gz", packed);
  for (const Finished& finished :
       {Run({"report", "--fail-if-stuck", cut}), Run({"report", "--fail-if-stuck", "-"}, cut)}) {
    EXPECT_EQ(finished.code, 1);
    EXPECT_NE(finished.out.find("prod/web-0"), std::string::npos) << finished.out;
    EXPECT_NE(finished.error.find("is cut short after " + std::to_string(packed.size()) +
                                  " bytes: copy it again; the report is of what came before\n"),
              std::string::npos)
        << finished.error;
  }
  EXPECT_EQ(Run({"report", "--diff=" + cut, cut}).code, 1);
}

TEST_F(CommandLine, ServeErrors) {
  ExpectError({no_state_, any_port_, "--source=file", "--file.path=" + (folder_ / "missing")}, 1,
              "missing");
  ExpectError({no_state_, any_port_, "--journal.directory=" + (folder_ / "missing")}, 1,
              "No such file");
}

TEST_F(CommandLine, AFolderWithoutPermission) {
  const std::string folder = folder_ / "journal";
  ASSERT_EQ(mkdir(folder.c_str(), 0000), 0);
  if (geteuid() == 0) {
    ASSERT_EQ(chmod(folder_.path().c_str(), 0755), 0);
    prefix_ = {"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
    if (Run({"--version"}).code != 0) GTEST_SKIP() << "nobody cannot run " KLE_BINARY;
  }
  constexpr std::string_view kAdvice = "let systemd-tmpfiles --create mend it, or run as root";
  ExpectError({no_state_, any_port_, "--journal.directory=" + folder}, 1, kAdvice);
  ExpectError({"report", folder}, 1, kAdvice);
  const std::string log = folder_.Write("secret.log", "x");
  ASSERT_EQ(chmod(log.c_str(), 0000), 0);
  ExpectError({"report", log}, 1, "Permission denied");
  ExpectError({no_state_, any_port_, "--source=file", "--file.path=" + log}, 1,
              "Permission denied");
}

TEST_F(CommandLine, ReportOfAStuckPod) {
  const std::string log = StuckLog();
  const Finished json = Run({"report", "--format=json", "--year=2026", log});
  ASSERT_EQ(json.code, 0) << json.error;
  const auto report = nlohmann::json::parse(json.out);
  ASSERT_EQ(report["terminations"].size(), 1U);
  EXPECT_EQ(report["terminations"][0]["pod"], "web-0");
  EXPECT_EQ(report["terminations"][0]["state"], "in_flight");
  EXPECT_GT(report["terminations"][0]["current"]["overdue_seconds"], 0);
  EXPECT_EQ(report["summary"]["stuck"], 1);

  EXPECT_EQ(Run({"report", "--fail-if-stuck", log}).code, 3);
  EXPECT_EQ(Run({"report", "--fail-if-stuck", "--stuck.slack=1h", log}).code, 0);
  const Finished other = Run({"report", "--format=json", "--namespace=dev", log});
  EXPECT_TRUE(nlohmann::json::parse(other.out)["terminations"].empty());
  const Finished table = Run({"report", log});
  EXPECT_NE(table.out.find("prod/web-0"), std::string::npos);
  EXPECT_EQ(table.out.find('\x1b'), std::string::npos);
  const Finished piped = Run({"report", "--format=json", "-"}, log);
  EXPECT_EQ(nlohmann::json::parse(piped.out)["terminations"].size(), 1U);
}

TEST_F(CommandLine, ReportOfAMoment) {
  const std::string log = StuckLog();  // 15 minutes; stuck from its beginning
  const auto pods = [&](const std::string& flag, const std::string& path) {
    const Finished json = Run({"report", "--format=json", "--year=2026", flag, path});
    return json.code == 0 ? nlohmann::json::parse(json.out)["terminations"].size() : 99;
  };
  EXPECT_EQ(pods("--since=1m", log), 1U);  // it has not ended yet
  EXPECT_EQ(pods("--since=2026-11-23T11:00:00Z", log), 1U);
  EXPECT_EQ(pods("--until=2026-11-23T09:59:59Z", log), 0U);
  EXPECT_EQ(pods("--until=2026-11-23 09:59:59Z", log), 0U);
  EXPECT_EQ(pods("--until=2026-11-23 10:00:01", log), 1U);
  EXPECT_EQ(pods("--until=16m", log), 0U);
  EXPECT_EQ(pods("--until=14m", log), 1U);
}

TEST_F(CommandLine, AMomentIsInTheZoneOfTheLog) {
  const std::string log = StuckLog();
  for (const auto& [until, zone, pods] : {std::tuple("2026-11-23T09:59:59", "Europe/Berlin", 0U),
                                          std::tuple("2026-11-23T10:00:01", "Europe/Berlin", 1U),
                                          std::tuple("2026-11-23T08:59:59Z", "Europe/Berlin", 0U),
                                          std::tuple("2026-11-23T09:00:01Z", "Europe/Berlin", 1U),
                                          std::tuple("2026-11-23T10:00:01", "utc", 1U)}) {
    // The zone may stand after the moment.
    const Finished json =
        Run({"report", "--format=json", "--year=2026", "--until=" + std::string(until),
             "--timezone=" + std::string(zone), log});
    ASSERT_EQ(json.code, 0) << json.error;
    EXPECT_EQ(nlohmann::json::parse(json.out)["terminations"].size(), pods) << until << zone;
  }
}

TEST_F(CommandLine, FiltersSayWhatTheyLeaveOut) {
  const std::string log = StuckLog();
  const Finished none = Run({"report", "--namespace=nope", "--since=1m", log});
  EXPECT_EQ(none.code, 0) << none.error;
  EXPECT_NE(none.out.find("0 of 1 terminations: 1 left out by --namespace=nope --since=1m\n"),
            std::string::npos)
      << none.out;
  const Finished all = Run({"report", "--stuck-only", log});
  EXPECT_NE(all.out.find("1 of 1 terminations: 0 left out by --stuck-only\n"), std::string::npos)
      << all.out;
  EXPECT_EQ(Run({"report", log}).out.find("left out"), std::string::npos);
}

TEST_F(CommandLine, ExitThreeSaysWhy) {
  const std::string log = StuckLog();
  const auto expect = [&](const std::vector<std::string>& flags, const std::string& wanted) {
    std::vector<std::string> arguments{"report", "--format=csv", log};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    const Finished finished = Run(arguments);
    EXPECT_EQ(finished.code, 3);
    EXPECT_EQ(finished.error, wanted);
  };
  const std::string stuck =
      "kubelet-lifecycle-exporter: --fail-if-stuck: prod/web-0 is stuck in stop_containers, "
      "overdue by 13m30s\n";
  const std::string slow =
      "kubelet-lifecycle-exporter: --fail-if-slower=10m00s: prod/web-0 has been under way for "
      "15m00s\n";
  expect({"--fail-if-stuck"}, stuck);
  expect({"--fail-if-slower=10m"}, slow);
  expect({"--fail-if-stuck", "--fail-if-slower=10m"}, stuck + slow);
  folder_.Append("stuck.log", KubeletLine(901, R"("SyncLoop DELETE" source="api" pods=["a/b"])") +
                                  "\n" + KubeletLine(902, "\"SyncLoop ADD\"") + "\n");
  EXPECT_NE(Run({"report", "--fail-if-slower=0s", log}).error.find("15m02s, and 1 more\n"),
            std::string::npos);
}

TEST_F(CommandLine, ColoursOnATerminalThatHasThem) {
  const std::string log = StuckLog();
  unsetenv("NO_COLOR");  // whoever runs the tests may want none
  ASSERT_EQ(setenv("TERM", "xterm", 1), 0);
  EXPECT_NE(RunOnTerminal({"report", log}, 80).find("\x1b["), std::string::npos);
  ASSERT_EQ(setenv("TERM", "dumb", 1), 0);
  EXPECT_EQ(RunOnTerminal({"report", log}, 80).find("\x1b["), std::string::npos);
  unsetenv("TERM");
}

TEST_F(CommandLine, TablesAreAsciiWhereTheLocaleSaysSo) {
  const std::string log = StuckLog(std::string(90, 'x'));
  const auto cut_by = [&](const char* name, const char* locale) {
    EXPECT_EQ(setenv(name, locale, 1), 0);
    const std::string table = Run({"report", log}).out;
    return table.find("xx…\n") != table.npos   ? "…"
           : table.find("xx>\n") != table.npos ? ">"
                                               : table;
  };
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) unsetenv(name);
  EXPECT_EQ(cut_by("LANG", ""), "…");
  EXPECT_EQ(cut_by("LANG", "C"), ">");
  EXPECT_EQ(cut_by("LC_CTYPE", "de_DE.utf8"), "…");
  EXPECT_EQ(cut_by("LC_ALL", "POSIX"), ">");
  EXPECT_EQ(cut_by("LC_ALL", "C.UTF-8"), "…");
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) unsetenv(name);
}

TEST_F(CommandLine, FailIfSlower) {
  const std::string log = StuckLog();
  EXPECT_EQ(Run({"report", "--fail-if-slower=10m", log}).code, 3);
  EXPECT_EQ(Run({"report", "--fail-if-slower=16m", log}).code, 0);
  EXPECT_EQ(Run({"report", "--fail-if-slower=10m", "--namespace=dev", log}).code, 0);
}

TEST_F(CommandLine, DiffOfTwoLogs) {
  const std::string log = StuckLog();
  const Finished table = Run({"report", "--diff=" + log, log});
  EXPECT_EQ(table.code, 0) << table.error;
  EXPECT_NE(table.out.find("OUTCOMES"), std::string::npos) << table.out;
  EXPECT_EQ(Run({"report", "--diff=" + log, "--fail-if-stuck", log}).code, 3);
  // Before is left, after is right.
  const std::string quiet = folder_.Write("quiet.log", KubeletLine(0, "\"SyncLoop ADD\"") + "\n");
  const Finished json = Run({"report", "--format=json", "--diff=" + log, quiet});
  const auto diff = nlohmann::json::parse(json.out);
  EXPECT_EQ(diff["left"]["name"], log);
  EXPECT_EQ(diff["left"]["stuck"], 1);
  EXPECT_EQ(diff["right"]["name"], quiet);
  const Finished sides = Run({"report", "--diff=" + log, quiet});
  EXPECT_LT(sides.out.find("A before:"), sides.out.find("B after:")) << sides.out;
  EXPECT_LT(sides.out.find("stuck.log"), sides.out.find("quiet.log")) << sides.out;
}

TEST_F(CommandLine, APatternThatTheShellLeftAlone) {
  StuckLog();
  EXPECT_EQ(Run({"report", "--format=csv", folder_ / "stu*.log"}).code, 0);
  ExpectError({"report", folder_ / "nothing*.log"}, 1, "No such file");
  const std::string odd = folder_.Write("odd[1].log", Content(folder_ / "stuck.log"));
  EXPECT_EQ(Run({"report", odd}).code, 0);
}

TEST_F(CommandLine, CtrlCLeavesNothingBehind) {
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  const pid_t pid = Spawn({"report", folder_ / "pipe"});
  const int writer = open((folder_ / "pipe").c_str(), O_WRONLY);  // waits for the reader
  const std::string line = KubeletLine(0, "\"SyncLoop ADD\"") + "\n";
  for (int i = 0; i < 10'000; ++i) ASSERT_GT(write(writer, line.data(), line.size()), 0);
  kill(pid, SIGINT);
  const Finished finished = Wait(pid);
  close(writer);
  EXPECT_EQ(finished.code, 130);
  EXPECT_EQ(finished.out, "");
  EXPECT_EQ(finished.error, "");
}

TEST_F(CommandLine, Explain) {
  const Finished known =
      Run({"explain", KubeletLine(0, R"("SyncLoop DELETE" source="api" pods=["a/b"])")});
  EXPECT_EQ(known.code, 0);
  EXPECT_NE(known.out.find("pod_deleted"), std::string::npos) << known.out;
  EXPECT_NE(known.out.find("a/b"), std::string::npos) << known.out;
  EXPECT_NE(known.out.find("effect    starts the termination"), std::string::npos) << known.out;
  const Finished inert =
      Run({"explain", KubeletLine(0, R"("SyncLoop RECONCILE" source="api" pods=["a/b"])")});
  EXPECT_NE(inert.out.find("effect    none"), std::string::npos) << inert.out;
  const Finished runtime =
      Run({"explain",
           "time=\"2026-11-23T10:00:00.000000001Z\" level=info msg=\"StopContainer for "
           "\\\"ab\\\" with timeout 30 (s)\""});
  EXPECT_NE(runtime.out.find("runtime_stop_requested"), std::string::npos) << runtime.out;
  EXPECT_NE(runtime.out.find("containerd 1.6 and later"), std::string::npos) << runtime.out;
  const Finished unknown =
      Run({"explain"}, folder_.Write("line", KubeletLine(0, "\"Nothing\"\nhello\n")));
  EXPECT_NE(unknown.out.find("no row of the catalogue"), std::string::npos) << unknown.out;
}

TEST_F(CommandLine, ExplainCutsNothing) {
  std::string message;
  for (int i = 0; i < 60; ++i) message += "word" + std::to_string(i) + " ";
  const std::string line = KubeletLine(0, "\"" + message + std::string(300, 'x') + "\"");
  EXPECT_NE(Run({"explain", line}).out.find("line      " + line + "\n"), std::string::npos);
  const std::string shown = RunOnTerminal({"explain", line}, 100);
  EXPECT_NE(shown.find("word59"), std::string::npos) << shown;
  EXPECT_EQ(shown.find("…"), std::string::npos) << shown;
  EXPECT_GE(std::count(shown.begin(), shown.end(), 'x'), 600) << shown;
  std::istringstream lines(shown);
  for (std::string one; std::getline(lines, one);) EXPECT_LE(one.size(), 101U) << one;  // and a CR
}

TEST_F(CommandLine, ExplainOfAPodThatIsOnlyAUid) {
  const std::string uid = "9517cc45-6c1c-49d3-9b90-c0757b328ac8";
  const std::string line = KubeletLine(
      0, R"("UnmountVolume.TearDown succeeded for volume \"kubernetes.io/empty-dir/)" + uid +
             R"(-data\" (OuterVolumeSpecName: \"data\") pod \")" + uid + R"(\" (UID: \")" + uid +
             R"(\"). InnerVolumeSpecName \"data\". PluginName \"kubernetes.io/empty-dir\", )"
             R"(VolumeGIDValue \"\"")");
  const std::string out = Run({"explain", line}).out;
  EXPECT_NE(out.find("\npod       uid " + uid + "\n"), std::string::npos) << out;
}

// Of one failure line the phase and reason are the same whoever is asked.
TEST_F(CommandLine, ExplainAgreesWithReport) {
  const std::string pod = R"(pod="prod/web-0" podUID="9517cc45-6c1c-49d3-9b90-c0757b328ac8" )";
  const std::string volume = R"({volumeName:kubernetes.io/csi/x^1 )"
                             R"(podName:9517cc45-6c1c-49d3-9b90-c0757b328ac8 nodeName:})";
  for (const std::string& line : {
           R"("Error syncing pod, skipping" )" + pod +
               R"(err="failed to \"KillPodSandbox\" for \"9\": context deadline exceeded")",
           R"("Error syncing pod, skipping" )" + pod +
               R"(err="failed to \"KillContainer\" for \"app\": context deadline exceeded")",
           R"(Operation for ")" + volume +
               R"(" failed. No retries permitted until x (durationBeforeRetry 1s). Error: )"
               R"(MountVolume.SetUp failed for volume "data": rpc error)",
           R"(Operation for ")" + volume +
               R"(" failed. No retries permitted until x (durationBeforeRetry 1s). Error: )"
               R"(UnmountVolume.TearDown failed for volume "data": device or resource busy)",
       }) {
    const std::string deletion =
        KubeletLine(0, R"("SyncLoop DELETE" source="api" pods=["prod/web-0"])") + "\n" +
        KubeletLine(1, R"("Pod is marked for graceful deletion, begin teardown" )" + pod) + "\n";
    const std::string log = folder_.Write("log", deletion + KubeletLine(2, line) + "\n");
    const auto report = nlohmann::json::parse(Run({"report", "--format=json", log}).out);
    const auto& failures = report["terminations"][0]["failures"];
    ASSERT_EQ(failures.size(), 1u) << line;
    const std::string explained = Run({"explain", KubeletLine(2, line)}).out;
    for (const char* field : {"phase", "reason"}) {
      std::string told(field);
      told.resize(10, ' ');
      told += failures[0][field].get<std::string>() + "\n";
      EXPECT_NE(explained.find(told), std::string::npos) << line << "\n" << told << explained;
    }
  }
  const std::string other = Run({"explain", KubeletLine(2, R"("Error syncing pod, skipping" )" +
                                                               pod + R"(err="no such image")")})
                                .out;
  EXPECT_NE(other.find("about no step of a pod's end"), std::string::npos) << other;
}

TEST_F(CommandLine, CheckConfig) {
  const std::string good = folder_.Write("good.yml",
                                         "web:\n  listen-address: [\"127.0.0.1:0\", \":1\"]\n"
                                         "source: file\nfile.path: /x\nlog.level: warn\n");
  EXPECT_EQ(Run({"check-config", good}).code, 0);
  const auto expect = [&](const std::string& yaml, const std::string& wanted) {
    const std::string path = folder_.Write("bad.yml", yaml);
    ExpectError({"check-config", path}, 2, path + ":" + wanted);
  };
  expect("web.listen-adress: a\n",
         "1:1: unknown key web.listen-adress, did you mean web.listen-address?");
  expect("web:\n  listen-adress: a\n", "2:3: unknown key web.listen-adress");
  expect("a: [\n", "2:1: no YAML");
  expect("hello\n", "1:1: not a map");
  expect("# one\nstuck.slack: soon\n", "2:14: stuck.slack: \"soon\" is no duration: try 60s or 5m");
  expect("web.listen-address: [\":1\", \":x\"]\n",
         "1:28: web.listen-address: \":x\" has no valid port");
  expect("log:\n  level: loud\n", "2:10: log.level: \"loud\" is none of debug, info, warn, error");
  expect("log.level: [info]\n", "1:12: log.level takes one value");
  expect("log.level:\n", "1:1: log.level has no value");
  expect("log.level: info\nlog:\n  level: warn\n",
         "3:3: log.level is given twice, first in line 1");
  expect("source: file\n", "1:1: source: ");
  expect("web.telemetry-path: /api/x\n", "1:21: web.telemetry-path: \"/api/x\" is taken");
  expect("timezone: Mars/Base\n", "1:11: timezone: ");
  expect("config.file: x\n", "1:1: config.file cannot name");
  expect("log.level: info\ntls_server_config: {}\n",
         "2:1: unknown key tls_server_config: it belongs into the file that web.config.file names");
  expect("web.config.file: /x/y\n", "1:18: web.config.file: cannot read /x/y: No such file");
}

TEST_F(CommandLine, CheckConfigReadsWhatTheFileNames) {
  const std::string web = folder_.Write("web.yml", "tls_server_config:\n  cert_fil: a\n");
  const std::string config = folder_.Write(
      "config.yml", "web.config.file: " + web + "\nstuck.slack: soon\nweb.listen-adress: a\n");
  const Finished both = Run({"check-config", config});
  EXPECT_EQ(both.code, 2);
  EXPECT_EQ(both.out, "");
  size_t at = 0;  // in the order of the lines, file by file
  for (const std::string& wanted :
       {config + ":2:14: stuck.slack", config + ":3:1: unknown key", web + ":2:3: unknown key"}) {
    at = both.error.find(wanted, at);
    ASSERT_NE(at, std::string::npos) << wanted << "\n" << both.error;
  }
  EXPECT_EQ(std::count(both.error.begin(), both.error.end(), '\n'), 3) << both.error;
  // A web configuration by itself.
  ExpectError({"check-config", web}, 2, web + ":2:3: unknown key tls_server_config.cert_fil");
  EXPECT_EQ(Run({"check-config", folder_.Write("users.yml", "basic_auth_users: {}\n")}).code, 0);
  ExpectError({"check-config"}, 2, "name the file");
  ExpectError({"check-config", folder_ / "missing"}, 1, "No such file");
}

TEST_F(CommandLine, AHangupReadsTheFilesAgain) {
  const std::string log = StuckLog();
  const std::string config = folder_.Write("serve.yml", "source: file\nstuck.slack: 1m\n");
  const pid_t pid = Spawn({no_state_, "--config.file=" + config, "--file.path=" + log, any_port_});
  const auto said = [&](std::string_view text) {
    return Eventually([&] { return Content(folder_ / "error").find(text) != std::string::npos; });
  };
  EXPECT_TRUE(said("msg=\"ready\""));
  folder_.Write("serve.yml", "source: file\nstuck.slack: 2m\nstate.path: /x\ntimezone: UTC\n");
  kill(pid, SIGHUP);
  EXPECT_TRUE(said("changed=stuck.slack\n")) << Content(folder_ / "error");
  // The command line's state.path still wins.
  EXPECT_TRUE(said("keys=timezone\n")) << Content(folder_ / "error");
  folder_.Write("serve.yml", "source: file\nstuck.slack: soon\n");
  kill(pid, SIGHUP);
  EXPECT_TRUE(said(config + ":2:14: stuck.slack: ")) << Content(folder_ / "error");
  kill(pid, SIGTERM);
  EXPECT_EQ(Wait(pid).code, 0);
}

TEST_F(CommandLine, ServeStopsCleanly) {
  const std::string log = StuckLog();
  const std::string config =
      folder_.Write("serve.yml", "source: file\nweb.listen-address: 127.0.0.1:0\n");
  for (const int signal : {SIGTERM, SIGINT}) {
    const pid_t pid = Spawn({no_state_, "--config.file=" + config, "--file.path=" + log});
    EXPECT_TRUE(Eventually(
        [&] { return Content(folder_ / "error").find("msg=\"ready\"") != std::string::npos; }));
    kill(pid, signal);
    const Finished finished = Wait(pid);
    EXPECT_EQ(finished.code, 0) << finished.error;
    EXPECT_NE(finished.error.find("msg=\"stopped\""), std::string::npos);
  }
}

TEST_F(CommandLine, ServeSaysWhatItReads) {
  const std::string log = StuckLog();
  const pid_t pid =
      Spawn({no_state_, "--source=file", "--file.path=" + log, "--timezone=utc", any_port_});
  EXPECT_TRUE(Eventually(
      [&] { return Content(folder_ / "error").find("msg=\"ready\"") != std::string::npos; }));
  kill(pid, SIGTERM);
  const std::string said = Wait(pid).error;
  for (const std::string& wanted : {"msg=\"reading a log file\" of=\"the kubelet\" path=" + log,
                                    std::string("source=file state=none timezone=UTC\n")}) {
    EXPECT_NE(said.find(wanted), std::string::npos) << said;
  }
}

TEST_F(CommandLine, ARestartGoesOnWithTheState) {
  const std::string log = StuckLog();
  const std::string state = folder_ / "state";
  const std::vector<std::string> arguments = {"--state.path=" + state, "--source=file",
                                              "--file.path=" + log, any_port_};
  for (const char* wanted : {"msg=\"ready\"", "msg=\"going on from the state file\""}) {
    const pid_t pid = Spawn(arguments);
    EXPECT_TRUE(Eventually([&] { return std::filesystem::exists(state); }));
    EXPECT_TRUE(Eventually([&] {
      return Content(folder_ / "error").find(wanted) != std::string::npos;
    })) << Content(folder_ / "error");
    std::filesystem::rename(folder_ / "error", folder_ / "first-error");
    ExpectError({"--state.path=" + state, "--source=file", "--file.path=" + log}, 1,
                "another exporter uses the state file");
    kill(pid, SIGTERM);
    EXPECT_EQ(Wait(pid).code, 0);
  }
}

TEST_F(CommandLine, ASecondExporterOnThePort) {
  const std::string log = StuckLog();
  const pid_t first = Spawn({no_state_, "--source=file", "--file.path=" + log, any_port_});
  std::string address;
  EXPECT_TRUE(Eventually([&] {
    const std::string error = Content(folder_ / "error");
    const size_t at = error.find("address=127.0.0.1:");
    const size_t end = at == std::string::npos ? at : error.find(' ', at);
    if (end == std::string::npos) return false;
    address = error.substr(at + 8, end - at - 8);
    return true;
  }));
  std::filesystem::rename(folder_ / "error", folder_ / "first-error");
  ExpectError({no_state_, "--source=file", "--file.path=" + log, "--web.listen-address=" + address},
              1, "cannot listen on " + address);
  kill(first, SIGTERM);
  EXPECT_EQ(Wait(first).code, 0);
}

}  // namespace
}  // namespace kle
