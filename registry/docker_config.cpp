// SPDX-License-Identifier: Apache-2.0
// Docker's config.json and containers-auth.json(5).
#include "registry/docker_config.hpp"

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "core/limits.hpp"
#include "core/text.hpp"

#include <cstdlib>
#include <fstream>

namespace landwaiter::registry {
namespace {

using nlohmann::json;

constexpr std::string_view kHubKey = "https://index.docker.io/v1/";
constexpr std::string_view kTokenUser = "<token>";

bool is_hub(std::string_view host) { return host == "docker.io" || host == "index.docker.io" || host == "registry-1.docker.io"; }

/// Keys come as "host", "https://host", "https://host/v1/"; containers' auth.json also has "host/namespace", which is passed over.
bool key_names(std::string_view key, std::string_view host) {
  if (is_hub(host) && (key == kHubKey || is_hub(key))) return true;
  const std::size_t scheme = key.find("://");
  if (scheme != std::string_view::npos) key.remove_prefix(scheme + 3);
  const std::string_view path = key.find('/') == std::string_view::npos ? std::string_view() : key.substr(key.find('/'));
  const bool whole_host = path.empty() || path == "/" || path == "/v1" || path == "/v1/" || path == "/v2" || path == "/v2/";
  return whole_host && iequals(key.substr(0, key.find('/')), host);
}

std::string text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void read_entry(const json& entry, const std::string& where, DockerCredentials& out) {
  out.username = text_of(entry, "username");
  out.password = Secret(text_of(entry, "password"));
  out.token = Secret(text_of(entry, "identitytoken"));
  if (const std::string encoded = text_of(entry, "auth"); !encoded.empty()) {
    const auto decoded = base64_decode(encoded);
    std::string plain(decoded ? as_text(*decoded) : std::string_view());
    // Docker pads the password with NULs in some versions.
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

bool helper_named(const json& document, std::string_view host) {
  if (!text_of(document, "credsStore").empty()) return true;
  const auto helpers = document.find("credHelpers");
  if (helpers == document.end() || !helpers->is_object()) return false;
  for (const auto& [key, value] : helpers->items()) {
    if (key_names(key, host)) return true;
  }
  return false;
}

void search(const std::string& text, const std::string& where, std::string_view host, DockerCredentials& out) {
  auto document = parse_json(text, where);
  if (!document || !document->is_object()) {
    out.warnings.push_back(where + " is not a valid configuration and is left out");
    return;
  }
  if (const auto auths = document->find("auths"); auths != document->end() && auths->is_object()) {
    for (const auto& [key, entry] : auths->items()) {
      if (entry.is_object() && key_names(key, host)) read_entry(entry, where, out);
      if (out.found()) return;
    }
  }
  if (helper_named(*document, host)) {
    out.warnings.push_back(where + " names a credential helper for " + std::string(host) +
                           "; helpers are not run: give the user name and password, or a token");
  }
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
  if (!add("DOCKER_CONFIG", "/config.json")) add("HOME", "/.docker/config.json");
  return out;
}

Result<std::optional<std::string>> read_whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::optional<std::string>();
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
  return out;
}

DockerCredentials find_credentials(const DockerConfig& config, std::string_view host) {
  DockerCredentials out;
  if (auto document = config.environment("DOCKER_AUTH_CONFIG"); document && !document->empty()) {
    search(*document, "DOCKER_AUTH_CONFIG", host, out);
    wipe(*document);
  }
  for (const std::string& path : files_of(config)) {
    if (out.found()) break;
    auto text = config.read_file(path);
    if (!text) {
      out.warnings.push_back(text.error().message());
    } else if (*text) {
      search(**text, path, host, out);
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
