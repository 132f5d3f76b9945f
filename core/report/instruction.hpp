// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/image_config.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter {

/// Bytes of an instruction that are shown.
inline constexpr std::size_t kInstructionBytesMax = 200;

/// A step of an image's history (HistoryStep::created_by) as people know it from their Dockerfile: "COPY tls /etc/nginx/ssl",
/// "RUN apt-get ... && rm ...". Printable, and without what may be secret: of a shell command only the names of the programs are left, of
/// other instructions neither values of variables, nor who logs in to a URL, nor words that look random.
std::string shown_instruction(std::string_view created_by);

/// For each layer the instruction that made it. Empty if the history has another number of steps that made one, because then nobody knows
/// which.
std::vector<std::string> layer_instructions(const ImageConfig& config, std::size_t layers);

}  // namespace landwaiter
