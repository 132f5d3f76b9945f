// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/export/export.hpp"

#include <memory>
#include <optional>

namespace landwaiter::exports {

enum class CycloneDxVersion { v1_6, v1_7 };
std::optional<CycloneDxVersion> cyclonedx_version_from(std::string_view text);

/// A CycloneDX CBOM of one or more images. Assets that several images share are listed once, and the dependency graph says which image
/// has which. bom-refs are stable: they are made of ids. Certificates, keys and tokens are cryptographic assets, their algorithms too;
/// and so are protocol settings; keystores are files and libraries are libraries, because CycloneDX has no asset type for them. The
/// serial number is derived from the content (RFC 9562, version 8). No secret value is written. The writer keeps each asset, with all its
/// places, until the end: they are in an order of their own.
std::unique_ptr<DocumentWriter> cyclonedx_writer(CycloneDxVersion version, const Options& options);
std::string cyclonedx(std::span<const ImageReport> images, CycloneDxVersion version, const Options& options);

}  // namespace landwaiter::exports
