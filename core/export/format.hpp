// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/export/cyclonedx.hpp"
#include "core/export/export.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::exports {

/// The documents that assessed reports can be exported as.
enum class Format { cyclonedx, sarif, csv, gitlab, junit };

/// By its name in `--format` and in the API: "cyclonedx", "sarif", "csv", "gitlab", "junit".
std::optional<Format> format_from(std::string_view name);
/// All of these names.
std::vector<std::string> format_names();

/// For Content-Type. `version` only matters for CycloneDX, here and below.
std::string media_type(Format format, CycloneDxVersion version);

std::unique_ptr<DocumentWriter> make_writer(Format format, CycloneDxVersion version, const Options& options);
std::string document(Format format, CycloneDxVersion version, std::span<const ImageReport> images, const Options& options);

}  // namespace landwaiter::exports
