// SPDX-License-Identifier: Apache-2.0
// The command line: one option table per command, the configuration file, and exit codes.
#pragma once

namespace kle {

// Runs the command that the arguments ask for; returns the process's exit code. Throws nothing.
int RunCli(int argc, char** argv);

}  // namespace kle
