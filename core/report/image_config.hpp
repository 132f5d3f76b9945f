// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/digest.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter {

/// Entries that are read of each list in a config: variables, labels, steps of the build. Real ones have a few hundred.
inline constexpr std::size_t kConfigEntriesMax = 10'000;

/// One step of an image's build (OCI image-spec, config.md, "history").
struct HistoryStep {
  std::string created;     ///< RFC 3339 as given
  std::string created_by;  ///< the command, with its build arguments
  std::string author;
  std::string comment;
  bool empty_layer = false;  ///< it changed the config only
};

/// An image's config (OCI image-spec, config.md). All text is as the image has it: it may hold secrets and anything else, so none of
/// it is printed or stored as it is, except platform and created.
struct ImageConfig {
  std::string platform;  ///< "linux/amd64", made printable; empty unless both os and architecture are there
  std::string created;   ///< RFC 3339 as given, empty when absent or malformed
  std::vector<Digest> diff_ids;
  std::string user;
  std::string working_directory;
  std::vector<std::string> environment;  ///< "NAME=value"
  std::vector<std::string> entrypoint;
  std::vector<std::string> command;
  std::vector<std::string> health_check;
  std::vector<std::string> exposed_ports;  ///< "443/tcp"
  std::vector<std::string> volumes;
  std::map<std::string, std::string> labels;
  std::vector<HistoryStep> history;
  std::string cut;  ///< the name of a list that is too long: only its first kConfigEntriesMax entries were read; otherwise empty
};

/// Fields of another type than they should have read as nothing, except diff_ids. Errors: malformed; limit_exceeded for a body above
/// limits::config_bytes_max, and for more diff_ids than limits::manifest_layers_max.
Result<ImageConfig> parse_image_config(std::string_view body);

/// "os/arch[/variant]" of an object with these members, in a config or an index, made printable; empty unless both os and architecture
/// are there.
std::string platform_name(const nlohmann::json& platform);

}  // namespace landwaiter
