// SPDX-License-Identifier: Apache-2.0
// Docker's config.json and containers-auth.json(5).
#include "registry/auth/docker_config.hpp"

#include "core/base/encoding.hpp"
#include "core/base/json_reader.hpp"
#include "core/base/json_text.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "registry/auth/endpoint.hpp"
#include "registry/auth/login.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <utility>

namespace landwaiter::registry {
namespace {

using nlohmann::json;

constexpr std::string_view kHubKey = "https://index.docker.io/v1/";

std::string_view without_scheme(std::string_view key) {
  const std::size_t scheme = key.find("://");
  return scheme == std::string_view::npos ? key : key.substr(scheme + 3);
}

/// The namespace that a key is for ("host/team"); empty for the whole host, written as "host", "https://host" or "https://host/v1/".
/// Nothing if the key is for another host.
std::optional<std::string_view> namespace_of(std::string_view key, std::string_view host) {
  if (is_hub(host) && (key == kHubKey || is_hub(key))) return std::string_view();
  const std::string_view rest = without_scheme(key);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  if (!iequals(rest.substr(0, slash), host) && !(is_hub(host) && is_hub(rest.substr(0, slash)))) return std::nullopt;
  std::string_view path = rest.substr(slash);
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  const bool api = path == "v1" || path == "v2";
  return api ? std::string_view() : path;
}

bool is_within(std::string_view repository, std::string_view folder) {
  if (folder.empty() || repository == folder) return true;
  return repository.starts_with(folder) && repository[folder.size()] == '/';
}

void read_entry(const json& entry, const std::string& where, DockerCredentials& out) {
  out.username = text_of(entry, "username");
  out.password = Secret(text_of(entry, "password"));
  // A token for direct use comes before one to be exchanged.
  out.token = Secret(text_of(entry, "registrytoken"));
  if (out.token.empty()) out.token = Secret(text_of(entry, "identitytoken"));
  if (const std::string encoded = text_of(entry, "auth"); !encoded.empty()) {
    auto decoded = base64_decode(encoded);
    std::string plain(decoded ? as_text(*decoded) : std::string_view());
    if (decoded) std::ranges::fill(*decoded, 0);
    // Some versions of docker pad the password with NULs.
    while (plain.ends_with('\0')) plain.pop_back();
    const std::size_t colon = plain.find(':');
    if (colon == std::string::npos) {
      out.warnings.push_back(where + ": an auth entry is not base64 of user:password");
    } else {
      out.username = plain.substr(0, colon);
      if (out.password.empty()) out.password = Secret(plain.substr(colon + 1));
    }
    wipe(plain);
  }
  if (out.username == kTokenUser) {
    out.username.clear();
    if (out.token.empty()) out.token = std::move(out.password);
    out.password = Secret();
  }
}

/// The helper for a host, or "". A helper for this host comes before the common store.
std::string helper_of(const json& document, std::string_view host) {
  const auto helpers = document.find("credHelpers");
  if (helpers != document.end() && helpers->is_object()) {
    for (const auto& [key, name] : helpers->items()) {
      const auto folder = namespace_of(key, host);
      if (folder && folder->empty() && name.is_string()) return name.get<std::string>();
    }
  }
  return text_of(document, "credsStore");
}

void ask_helper(const DockerConfig& config, const std::string& name, std::string_view host, const std::string& where,
                DockerCredentials& out) {
  if (!is_helper_name(name)) {
    out.warnings.push_back(where + ": not the name of a credential helper: " + landwaiter::quoted(name));
    return;
  }
  auto answer = config.run_helper(name, std::string(is_hub(host) ? kHubKey : host));
  if (!answer) {
    out.warnings.push_back(where + ": " + answer.error().message());
  } else if (*answer) {
    const bool token = (*answer)->username == kTokenUser;
    if (!token) out.username = (*answer)->username;
    (token ? out.token : out.password) = (*answer)->secret;
  }
}

void search_entries(const json& document, const std::string& where, std::string_view host, std::string_view repository,
                    DockerCredentials& out) {
  const auto auths = document.find("auths");
  if (auths == document.end() || !auths->is_object()) return;
  std::optional<std::size_t> best;
  for (const auto& [key, entry] : auths->items()) {
    const auto folder = namespace_of(key, host);
    if (!entry.is_object() || !folder || !is_within(repository, *folder) || (best && folder->size() <= *best)) continue;
    DockerCredentials found;
    read_entry(entry, where, found);
    out.warnings.insert(out.warnings.end(), found.warnings.begin(), found.warnings.end());
    if (!found.found()) continue;
    best = folder->size();
    found.key_path = *folder;
    found.warnings = std::move(out.warnings);
    out = std::move(found);
  }
}

void search(const DockerConfig& config, const std::string& text, const std::string& where, std::string_view host,
            std::string_view repository, DockerCredentials& out) {
  auto document = parse_json(text, where, kJsonSettings);
  if (!document || !document->is_object()) {
    out.warnings.push_back(where + " is not a valid configuration and is left out");
    return;
  }
  if (const std::string name = helper_of(*document, host); !name.empty()) ask_helper(config, name, host, where, out);
  if (!out.found()) search_entries(*document, where, host, repository, out);
  wipe_texts(*document);
}

std::vector<std::string> files_of(const DockerConfig& config) {
  std::vector<std::string> out;
  const auto add = [&](const char* variable, const char* rest) {
    const auto value = config.environment(variable);
    if (!value || value->empty()) return false;
    out.push_back(*value + rest);
    return true;
  };
  add("REGISTRY_AUTH_FILE", "");
  add("XDG_RUNTIME_DIR", "/containers/auth.json");
  if (!add("XDG_CONFIG_HOME", "/containers/auth.json")) add("HOME", "/.config/containers/auth.json");
  if (!add("DOCKER_CONFIG", "/config.json")) add("HOME", "/.docker/config.json");
  return out;
}

Result<std::optional<std::string>> read_whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::optional<std::string>();
  // Larger than the file: growing would leave a copy.
  std::string out(static_cast<std::size_t>(limits::docker_config_bytes_max) + 1, '\0');
  in.read(out.data(), static_cast<std::streamsize>(out.size()));
  if (in.bad()) return Error(ErrorCode::io, "cannot read " + path);
  out.resize(static_cast<std::size_t>(in.gcount()));
  if (out.size() > limits::docker_config_bytes_max) {
    return Error(ErrorCode::limit_exceeded, path + " is larger than " + human_bytes(limits::docker_config_bytes_max));
  }
  return std::optional<std::string>(std::move(out));
}

}  // namespace

DockerConfig DockerConfig::of_process() {
  DockerConfig out;
  out.environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
  out.read_file = read_whole;
  using Asked = std::map<std::pair<std::string, std::string>, Result<std::optional<HelperAnswer>>>;
  out.run_helper = [asked = std::make_shared<Asked>()](const std::string& name, const std::string& server) {
    const auto known = asked->find({name, server});
    if (known != asked->end()) return known->second;
    const char* path = std::getenv("PATH");
    return asked->emplace(std::pair(name, server), run_credential_helper(name, server, path == nullptr ? "" : path)).first->second;
  };
  return out;
}

DockerCredentials find_credentials(const DockerConfig& config, std::string_view host, std::string_view repository) {
  DockerCredentials out;
  if (auto document = config.environment("DOCKER_AUTH_CONFIG"); document && !document->empty()) {
    search(config, *document, "DOCKER_AUTH_CONFIG", host, repository, out);
    wipe(*document);
  }
  for (const std::string& path : files_of(config)) {
    if (out.found()) break;
    auto text = config.read_file(path);
    if (!text) {
      out.warnings.push_back(text.error().message());
    } else if (*text) {
      search(config, **text, path, host, repository, out);
      wipe(**text);
    }
  }
  return out;
}

void apply(const DockerCredentials& credentials, Endpoint& endpoint) {
  if (!endpoint.credentials.anonymous() || !credentials.found()) return;
  endpoint.credentials = Credentials::from_login(credentials.username, credentials.password, credentials.token);
}

}  // namespace landwaiter::registry
