// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/finding.hpp"

#include <optional>
#include <string>

namespace landwaiter {

/// The operating system that an image holds, as its os-release(5) says. The texts are printable (core/base/text.hpp).
struct Distribution {
  std::string id;          ///< "debian", "rhel", "alpine"
  std::string version_id;  ///< "12", "9.4"; empty for rolling releases
  std::string codename;    ///< "bookworm"; empty where versions have none
  std::string title;       ///< for people: "Debian GNU/Linux 12 (bookworm)"
  Occurrence where;        ///< the file that says so
  std::string reader;      ///< "name/version" of the reader that found it

  bool operator==(const Distribution&) const = default;
};

/// Fails for what no report may hold: no id, or a text longer than limits::package_text_bytes_max.
Result<void> check_distribution(const Distribution& distribution);

/// Of two in one layer the one to believe. A file of the layer goes before one in an archive, then the path decides (by os-release(5)
/// /etc/os-release goes before /usr/lib/os-release, and so it is by alphabet); of the same file the later, as it overwrites the first.
void prefer(std::optional<Distribution>& known, Distribution other);

void to_json(nlohmann::json& out, const Distribution& value);
void from_json(const nlohmann::json& in, Distribution& value);

}  // namespace landwaiter
