// SPDX-License-Identifier: Apache-2.0
// The command as a function: arguments in, exit code out.
#pragma once

namespace pregate {

// 0 done, 1 the run failed, 2 usage or bad input. Nothing is thrown; an error is one line on stderr.
int run_command(int argc, char** argv);

}  // namespace pregate
