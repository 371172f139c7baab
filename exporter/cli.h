// SPDX-License-Identifier: Apache-2.0
// The command line: one option table per command, the configuration file, and exit codes.
#pragma once

#include "exporter/state_file.h"

namespace kle {

// Runs the command that the arguments ask for; returns the process's exit code. Throws nothing.
// `on_commit_step` is for tests that die there.
int RunCli(int argc, char** argv, StateFile::StepHook on_commit_step = {});

}  // namespace kle
