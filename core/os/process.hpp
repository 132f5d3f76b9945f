// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter {

/// Writing to a connection or pipe that the other side has closed is an error of that write, not the end of the process.
void ignore_broken_pipes();

/// Standard input, output and error are open from here on: what was closed when the program started reads as empty and refuses what is
/// written to it. Otherwise the next file that is opened, a database perhaps, would take its number, and what is printed would go there.
void hold_standard_streams();

/// A terminal that goes away does not end this process from here on.
void ignore_hangups();

/// Lets this process open so many files and connections at once, if the system allows it. How many it may open now.
std::uint64_t allow_descriptors(std::uint64_t wanted);

/// Memory that holds credentials stays in memory: no core dump, and no other process of this user may look into this one or its
/// /proc folder. The first thing that a program does.
void keep_memory_private();

/// The names of the environment's variables that begin so, in order.
std::vector<std::string> variable_names(std::string_view prefix);

/// Removes variables from the environment, and their values from the bytes that /proc/PID/environ shows: children do not inherit
/// them. Before the first thread starts. Names that are not set are passed over.
void forget_variables(const std::vector<std::string>& names);

/// A program's file in one of the folders of `path` (as in PATH). Relative folders are passed over: they would be those of whoever owns
/// the current directory.
std::optional<std::string> find_program(const std::string& program, std::string_view path);

struct ProgramLimits {
  std::uint64_t output_bytes_max = 0;
  std::chrono::milliseconds time_max{0};
};

struct ProgramEnd {
  std::string output;             ///< may hold a secret: the caller wipes it
  std::optional<bool> succeeded;  ///< its exit code was 0; nothing when it closed its output but did not end in time
};

/// Runs a program without a shell, in a process group of its own, with `input` (at most 4 KiB) on its standard input and nothing for
/// its standard error, and waits for its end. It is killed, with all of its group, when the limits are met. Output of a program that
/// met one is wiped. Errors: configuration (it cannot be started), timeout, limit_exceeded, io.
Result<ProgramEnd> run_program(const std::string& file, const std::vector<std::string>& arguments, const std::string& input,
                               const ProgramLimits& limits);

}  // namespace landwaiter
