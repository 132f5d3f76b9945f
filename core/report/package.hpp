// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/finding.hpp"

#include <string>
#include <tuple>
#include <vector>

namespace landwaiter {

/// A piece of software that a package manager's database, a lock file or a binary names. Not a finding: it has no severity, and an
/// image holds thousands. The texts are printable (core/base/text.hpp).
struct Package {
  std::string ecosystem;  ///< by the types of package-url: "deb", "rpm", "apk", "npm", "pypi"
  std::string name;
  std::string version;                  ///< as the ecosystem writes it; empty when the file does not say
  std::string source;                   ///< the source package that it was built from; empty when that has the same name
  std::string source_version;           ///< empty when the source package has the same version
  std::string architecture;             ///< as the ecosystem writes it; empty when it has none
  std::string purl;                     ///< package-url; empty when the file does not say enough for one
  std::vector<std::string> licenses;    ///< as the package names them
  std::vector<Occurrence> occurrences;  ///< the files that say it is there
  std::string reader;                   ///< "name/version" of the reader that found it

  bool operator==(const Package&) const = default;
};

/// Fails for what no report may hold: a package without ecosystem or name, a text longer than limits::package_text_bytes_max, more
/// than limits::package_licenses_max licenses.
Result<void> check_package(const Package& package);
/// What makes two packages the same: all texts that are about it. Valid as long as the package.
using PackageIdentity = std::tuple<const std::string&, const std::string&, const std::string&, const std::string&, const std::string&,
                                   const std::string&, const std::string&>;
PackageIdentity identity(const Package& package);
/// Bytes of its texts, its places apart: they count for limits::packages_bytes_max.
std::uint64_t text_bytes(const Package& package);

/// Joins the places and licenses of the same packages and sorts all: the one normal form of a list of packages. Of those joined, the
/// first reader by name stays.
void normalize(std::vector<Package>& packages);

void to_json(nlohmann::json& out, const Package& value);
/// One package that passes check_package.
void from_json(const nlohmann::json& in, Package& value);
/// A list of packages, within the limits of one layer's. To be used within read_json_fields: throws json::other_error.
std::vector<Package> read_packages(const nlohmann::json& in);

}  // namespace landwaiter
