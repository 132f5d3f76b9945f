// SPDX-License-Identifier: Apache-2.0
#include "detectors/ssh/ssh_line.hpp"

#include "core/base/text.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/keys/x509_text.hpp"
#include "detectors/walk/entry_path.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 24> kOptions{"agent-forwarding",
                                                    "cert-authority",
                                                    "command",
                                                    "environment",
                                                    "expiry-time",
                                                    "from",
                                                    "no-agent-forwarding",
                                                    "no-port-forwarding",
                                                    "no-pty",
                                                    "no-touch-required",
                                                    "no-user-rc",
                                                    "no-x11-forwarding",
                                                    "permitlisten",
                                                    "permitopen",
                                                    "port-forwarding",
                                                    "principals",
                                                    "pty",
                                                    "restrict",
                                                    "tunnel",
                                                    "user-rc",
                                                    "verify-required",
                                                    "x11-forwarding",
                                                    "zos-key-ring-label",
                                                    "touch-required"};

bool is_option(std::string_view name) { return std::ranges::find(kOptions, to_lower(name)) != kOptions.end(); }

/// One past the option that starts at `at`; inside quotation marks, \" is a character and a comma does not separate.
std::size_t option_end(std::string_view text, std::size_t at) {
  bool quoted = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 1 < text.size() && text[at + 1] == '"') ++at;
    else if (text[at] == '"') quoted = !quoted;
    else if (text[at] == ',' && !quoted) break;
  }
  return at;
}

/// The names in a list of options; nothing if one of them is not an sshd option.
std::optional<std::vector<std::string>> option_names(std::string_view text) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = option_end(text, at);
    const std::string_view option = text.substr(at, end - at);
    const std::string_view name = option.substr(0, option.find('='));
    if (!is_option(name)) return std::nullopt;
    names.push_back(to_lower(name));
    at = end + 1;
  }
  if (names.empty()) return std::nullopt;
  return names;
}

/// sshd(8), SSH_KNOWN_HOSTS FILE FORMAT: hosts have a dot, a comma or a bracket, unless the file's name is evidence.
bool is_host_list(std::string_view text, bool named_so) {
  if (text.starts_with("|1|")) return text.find_first_of(" \t") == std::string_view::npos;
  if (text.empty() || text.ends_with(':') || text.ends_with('=')) return false;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(".,:[]*?!-_%").find(c) != std::string_view::npos;
  };
  if (!std::ranges::all_of(text, allowed)) return false;
  return named_so || text.find_first_of(".,[") != std::string_view::npos;
}

void describe_hosts(std::string_view hosts, json& out) {
  constexpr std::size_t kHostsMax = 32;
  const bool hashed = hosts.starts_with("|1|");
  out[attribute::role] = "known-host";
  out["hosts_hashed"] = hashed;
  if (hashed) return;
  json list = json::array();
  while (!hosts.empty() && list.size() < kHostsMax) {
    const std::size_t comma = hosts.find(',');
    list.push_back(attribute_text(hosts.substr(0, comma)));
    hosts.remove_prefix(comma == std::string_view::npos ? hosts.size() : comma + 1);
  }
  out["hosts"] = std::move(list);
}

std::string_view after_blanks(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin);
}

/// "@cert-authority" or "@revoked", which only known hosts have.
bool take_marker(std::string_view& prefix, std::string_view marker) {
  if (!prefix.starts_with(marker)) return false;
  const std::string_view rest = prefix.substr(marker.size());
  if (!rest.starts_with(' ') && !rest.starts_with('\t')) return false;
  prefix = after_blanks(rest);
  return true;
}

json role_by_name(std::string_view path) {
  const std::string_view name = base_name(path);
  if (names_host_key(name)) return "host-key";
  if (name.find("authorized_keys") != std::string_view::npos || path.find("authorized_keys.d/") != std::string_view::npos)
    return "authorized";
  if (name.ends_with(".pub")) return "identity";
  return nullptr;
}

}  // namespace

bool names_host_key(std::string_view file_name) {
  std::string_view name = base_name(file_name);
  if (!name.starts_with("ssh_host_")) return false;
  for (const std::string_view suffix : {".pub", "-cert"}) {
    if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
  }
  return name.ends_with("_key");
}

json describe_ssh_line(std::string_view prefix, std::string_view file_name) {
  json out{{attribute::role, nullptr}, {"ca", false}, {attribute::revoked, false}};
  const bool known_hosts_file = base_name(file_name).find("known_hosts") != std::string_view::npos;
  prefix = after_blanks(trim(prefix));
  const bool ca = take_marker(prefix, "@cert-authority");
  const bool revoked = !ca && take_marker(prefix, "@revoked");
  out["ca"] = ca;
  out[attribute::revoked] = revoked;
  const auto options = option_names(prefix);
  if (ca || revoked || (!options && is_host_list(prefix, known_hosts_file))) {
    describe_hosts(prefix, out);
  } else if (options) {
    out[attribute::role] = "authorized";
    out["ca"] = std::ranges::find(*options, "cert-authority") != options->end();
    out["options"] = *options;
  } else {
    out[attribute::role] = role_by_name(file_name);
  }
  return out;
}

}  // namespace landwaiter::detectors
