// SPDX-License-Identifier: Apache-2.0
// Made-up lives of pods: seeded, so that a failure can be run again.
#pragma once

#include <cstdlib>
#include <random>

#include "tests/support/lines.h"

namespace kle::testing {

using Random = std::mt19937_64;

inline std::string Hex(Random& random) {
  std::string id(64, '0');
  for (char& c : id) c = "0123456789abcdef"[random() % 16];
  return id;
}

inline std::string Uid(Random& random) {
  std::string id = Hex(random).substr(0, 36);
  for (const size_t dash : {8u, 13u, 18u, 23u}) id[dash] = '-';
  return id;
}

struct Stamped {
  double at;
  std::string text;
};

// The whole life of one pod at -v 5 or -v 2, of one of the ways that it may end.
inline std::vector<Stamped> Life(Random& random, const std::string& pod, int verbosity,
                                 double begin) {
  const std::string uid = Uid(random), app = Hex(random), sandbox = Hex(random);
  const auto grace = static_cast<int>(1 + random() % 30);
  const double stop = 0.1 + static_cast<double>(random() % 300) / 10;
  const auto of_pod = [&](std::string_view message, std::string_view more = {}) {
    return OfPod(message, more, pod, uid);
  };
  const auto of_app = [&](std::string_view message, const std::string& more = {}) {
    return of_pod(message,
                  "containerName=\"app\" containerID=\"containerd://" + app + "\" " + more);
  };
  const auto pleg = [&](std::string_view type, const std::string& id) {
    return "\"SyncLoop (PLEG): event for pod\" pod=\"" + pod + "\" event=&{ID:" + uid +
           " Type:" + std::string(type) + " Data:" + id + "}";
  };
  std::vector<Stamped> lines;
  double t = begin;
  const auto say = [&](double after, const std::string& text, int level = 0) {
    t += after;
    if (level <= verbosity) lines.push_back({t, text});
  };
  say(0, SyncLoop("ADD", pod), 2);
  say(1, pleg("ContainerStarted", sandbox), 2);
  say(0, pleg("ContainerStarted", app), 2);
  if (random() % 4 == 0) {  // a probe kills it and it comes back
    say(1, of_app("Killing container with a grace period", "gracePeriod=30"), 2);
    say(1,
        "\"Generic (PLEG): container finished\" podID=" + uid + " containerID=\"" + app +
            "\" exitCode=137",
        2);
    say(0, pleg("ContainerDied", app), 2);
    say(1, pleg("ContainerStarted", Hex(random)), 2);
  }
  const bool forced = random() % 5 == 0;
  say(2, SyncLoop("DELETE", pod), 2);
  if (forced) say(0.002, SyncLoop("REMOVE", pod), 2);
  say(0.001, of_pod("Pod is marked for graceful deletion, begin teardown"), 4);
  say(0.001, of_pod("syncTerminatingPod enter"), 4);
  say(0.001, of_pod("Pod terminating with grace period", "gracePeriod=" + std::to_string(grace)),
      4);
  say(0.001,
      of_app("Killing container with a grace period", "gracePeriod=" + std::to_string(grace)), 2);
  say(stop, of_app("Container exited normally"), 3);
  say(0.2, of_pod("Pod terminated all containers successfully"), 4);
  say(0.3,
      "\"Generic (PLEG): container finished\" podID=" + uid + " containerID=\"" + app +
          "\" exitCode=0",
      2);
  say(0, pleg("ContainerDied", app), 2);
  say(0, pleg("ContainerDied", sandbox), 2);
  say(0.1, of_pod("Pod termination removed cgroups"), 4);
  say(0.1, of_pod("Pod is complete and the worker can now stop"), 4);
  if (!forced) say(0.2, SyncLoop("DELETE", pod), 2);
  if (!forced) say(0.001, SyncLoop("REMOVE", pod), 2);
  say(2, of_pod("Pod is orphaned and must be torn down"), 4);  // the ghost pass
  say(0.1, of_app("Killing container with a grace period", "gracePeriod=1"), 4);
  return lines;
}

inline std::vector<std::string> Print(const std::vector<Stamped>& lines) {
  std::vector<std::string> out;
  for (const Stamped& line : lines) out.push_back(At(line.at, line.text));
  return out;
}

// KLE_SEED from the environment, else a fixed one; printed.
inline uint64_t Seed() {
  const char* given = std::getenv("KLE_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 20261124;
  std::printf("KLE_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

}  // namespace kle::testing
