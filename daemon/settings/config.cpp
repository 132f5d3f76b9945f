// SPDX-License-Identifier: Apache-2.0
#include "daemon/settings/config.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/os/host.hpp"
#include "daemon/settings/network.hpp"
#include "daemon/settings/yaml_file.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

namespace landwaiter::daemon {
namespace {

Error config_error(const std::filesystem::path& file, const std::string& what) {
  return Error(ErrorCode::configuration, file.string() + ": " + what);
}

Result<std::string> read_text_file(const std::filesystem::path& file) {
  auto text = yaml::text_of(file.string());
  if (!text) return text.error();
  if (text->empty()) return config_error(file, "cannot be read");
  auto sized = yaml::check_size(*text, file.string());
  if (!sized) return sized.error();
  return text;
}

/// yaml-cpp reports by exception. (A Result<YAML::Node> cannot be: a Node converts from anything, an Error too.)
Result<void> parse_yaml(const std::filesystem::path& file, YAML::Node& out) {
  auto text = read_text_file(file);
  if (!text) return text.error();
  try {
    out.reset(YAML::Load(*text));
    return {};
  } catch (const YAML::Exception& error) {
    return config_error(file, "line " + std::to_string(error.mark.line + 1) + ": " + error.msg);
  }
}

std::string default_name() {
  std::string host = host_name();
  return host.empty() ? "sensor" : host;
}

/// The names of all `${env:NAME}` in a value that has been expanded.
void append_variables(std::string_view text, std::vector<std::string>& out) {
  constexpr std::string_view open = "${env:";
  for (std::size_t at = text.find(open); at != std::string_view::npos; at = text.find(open, at)) {
    at += open.size();
    out.emplace_back(text.substr(at, text.find('}', at) - at));
  }
}

/// Reads the keys of one YAML map; remembers the first error, so that a list of reads needs one check.
class Section {
 public:
  Section(const std::filesystem::path& file, const YAML::Node& node, std::string path, const Environment& environment)
      : file_(file), node_(node), path_(std::move(path)), environment_(environment) {
    if (node_ && !node_.IsNull() && !node_.IsMap()) fail("", "must be a map");
  }

  void text(const char* key, std::string& out) {
    if (auto value = scalar(key)) out = *value;
  }
  void secret(const char* key, Secret& out) {
    if (auto value = scalar(key)) {
      out = Secret(*value);
      wipe(*value);
      append_variables(node_[key].Scalar(), secret_variables_);
    }
  }
  void path(const char* key, std::filesystem::path& out) {
    if (auto value = scalar(key)) out = *value;
  }
  void boolean(const char* key, bool& out) {
    const auto value = scalar(key);
    if (!value) return;
    if (*value != "true" && *value != "false") return fail(key, "must be true or false");
    out = *value == "true";
  }
  void number(const char* key, std::size_t minimum, std::size_t maximum, std::size_t& out) {
    const auto value = scalar(key);
    if (!value) return;
    std::size_t parsed = 0;
    const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), parsed);
    if (error != std::errc() || end != value->data() + value->size() || parsed < minimum || parsed > maximum) {
      return fail(key, "must be a number from " + std::to_string(minimum) + " to " + std::to_string(maximum));
    }
    out = parsed;
  }

  void list(const char* key, std::vector<std::string>& out) {
    known_.emplace_back(key);
    if (!usable() || !node_[key] || node_[key].IsNull()) return;
    if (!node_[key].IsSequence()) return fail(key, "must be a list");
    out.clear();
    for (const auto& item : node_[key]) {
      auto value = item.IsScalar() ? expand_environment(item.Scalar(), environment_)
                                   : Result<std::string>(Error(ErrorCode::configuration, "must be a list of strings"));
      if (!value) return fail(key, value.error().message());
      out.push_back(*value);
    }
  }

  Section section(const char* key) {
    known_.emplace_back(key);
    return Section(file_, usable() ? node_[key] : YAML::Node(), path_ + key + ".", environment_);
  }

  const std::vector<std::string>& secret_variables() const { return secret_variables_; }

  /// The first error of this section, or an unknown key.
  Result<void> finish() const {
    if (failed_) return *failed_;
    if (!usable()) return {};
    for (const auto& entry : node_) {
      const auto key = entry.first.as<std::string>();
      if (std::ranges::find(known_, key) == known_.end()) return config_error(file_, "unknown key " + landwaiter::quoted(path_ + key));
    }
    return {};
  }

 private:
  bool usable() const { return node_ && node_.IsMap(); }

  std::optional<std::string> scalar(const char* key) {
    known_.emplace_back(key);
    if (!usable() || !node_[key] || node_[key].IsNull()) return std::nullopt;
    if (!node_[key].IsScalar()) {
      fail(key, "must be a single value");
      return std::nullopt;
    }
    auto expanded = expand_environment(node_[key].Scalar(), environment_);
    if (!expanded) {
      fail(key, expanded.error().message());
      return std::nullopt;
    }
    return *expanded;
  }

  void fail(const std::string& key, const std::string& what) {
    if (!failed_) failed_ = config_error(file_, landwaiter::quoted(path_ + key) + " " + what);
  }

  const std::filesystem::path& file_;
  YAML::Node node_;
  std::string path_;
  const Environment& environment_;
  std::vector<std::string> known_;
  std::vector<std::string> secret_variables_;
  std::optional<Error> failed_;
};

/// What `platform` and `registry` have in common.
void read_network(Section& section, NetworkSettings& out) {
  section.text("ca_file", out.ca_file);
  section.text("client_cert_file", out.client_cert_file);
  section.text("client_key_file", out.client_key_file);
  section.secret("proxy", out.proxy);
  section.text("no_proxy", out.no_proxy);
}

/// Reports mistakes at startup, not with the first job.
Result<void> check_network(const std::filesystem::path& file, const char* section, const NetworkSettings& settings,
                           const Environment& environment) {
  auto made = transport_options(settings, environment, false);
  if (!made) return config_error(file, landwaiter::quoted(section) + ": " + made.error().message());
  auto floor = rate_floor(settings, 1);
  if (!floor) return config_error(file, landwaiter::quoted(section) + ": " + floor.error().message());
  return {};
}

Error config_404(const std::filesystem::path& file, const std::string& reason, const std::string& advice) {
  return Error(ErrorCode::configuration,
               "CONFIG-404: Unable to read/parse configuration file " + file.string() + " (" + reason + "). " + advice);
}

constexpr const char* kCheckSyntax = "Check the path and the file's YAML syntax.";
constexpr const char* kCheckForm =
    "The form is scan_config: {config: {container_import: {plugin_config: {images: [REF, ...], username: ..., password: ...}}}}; "
    "docs/container-config.md has all fields.";

constexpr std::array<const char*, 4> kContainerSteps{"scan_config", "config", "container_import", "plugin_config"};

/// The map in which the settings stand, undefined if a step to it is missing.
YAML::Node plugin_config(YAML::Node node) {
  for (const char* key : kContainerSteps) {
    if (!node.IsMap() || !node[key]) return YAML::Node(YAML::NodeType::Undefined);
    node.reset(node[key]);
  }
  return node;
}

/// The first step that is not there, with those that lead to it.
std::string missing_step(YAML::Node node) {
  std::string path;
  for (const char* key : kContainerSteps) {
    path += (path.empty() ? "" : ".") + std::string(key);
    if (!node.IsMap() || !node[key]) break;
    node.reset(node[key]);
  }
  return path;
}

Result<std::string> container_scalar(const std::filesystem::path& file, const YAML::Node& plugin, const char* key,
                                     const Environment& environment) {
  if (!plugin[key] || plugin[key].IsNull()) return std::string();
  if (!plugin[key].IsScalar()) return config_404(file, std::string(key) + " must be a single value", kCheckForm);
  auto value = expand_environment(plugin[key].Scalar(), environment);
  if (!value) return config_error(file, std::string(key) + ": " + value.error().message());
  return value;
}

Result<ContainerImport> read_container_import(const std::filesystem::path& file, const YAML::Node& root, const Environment& environment) {
  const YAML::Node plugin = plugin_config(root);
  if (!plugin.IsDefined() || !plugin.IsMap()) {
    return config_404(file, missing_step(root) + " is missing", kCheckForm);
  }
  ContainerImport import;
  auto username = container_scalar(file, plugin, "username", environment);
  auto password = container_scalar(file, plugin, "password", environment);
  auto token = container_scalar(file, plugin, "token", environment);
  for (const auto* value : {&username, &password, &token}) {
    if (!*value) return value->error();
  }
  import.username = *username;
  import.password = Secret(*password);
  import.token = Secret(*token);
  for (const char* key : {"password", "token"}) {
    if (plugin[key] && plugin[key].IsScalar()) append_variables(plugin[key].Scalar(), import.secret_variables);
  }
  const YAML::Node images = plugin["images"];
  if (images && !images.IsNull() && !images.IsSequence()) return config_404(file, "images must be a list", kCheckForm);
  if (images) {
    for (const auto& image : images) {
      auto name = expand_environment(image.as<std::string>(""), environment);
      if (!name) return config_error(file, "images: " + name.error().message());
      if (!name->empty()) import.images.push_back(*name);
    }
  }
  if (import.images.empty()) return Error(ErrorCode::configuration, "no container images were stated");
  return import;
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (!value) return std::nullopt;
    return std::string(value);
  };
}

Result<std::string> expand_environment(std::string_view text, const Environment& environment) {
  constexpr std::string_view open = "${env:";
  std::string out;
  while (true) {
    const std::size_t start = text.find(open);
    out += text.substr(0, start);
    if (start == std::string_view::npos) return out;
    const std::size_t end = text.find('}', start);
    if (end == std::string_view::npos) return Error(ErrorCode::configuration, "has \"${env:\" without a closing brace");
    const std::string name(text.substr(start + open.size(), end - start - open.size()));
    const auto value = environment(name);
    if (!value) return Error(ErrorCode::configuration, "needs the environment variable " + landwaiter::quoted(name) + ", which is not set");
    out += *value;
    text.remove_prefix(end + 1);
  }
}

Result<std::uint64_t> parse_memory(std::string_view text) {
  const auto bytes = parse_rate(text);
  if (bytes && *bytes >= limits::reader_memory_bytes_least && *bytes <= limits::reader_memory_bytes_most) return *bytes;
  return Error(ErrorCode::invalid_argument, "not an amount of memory for a worker: " + landwaiter::quoted(text) + "; give " +
                                                std::to_string(limits::reader_memory_bytes_least / limits::MiB) + "M to " +
                                                std::to_string(limits::reader_memory_bytes_most / limits::GiB) + "G, such as 48M");
}

Result<SensorConfig> load_sensor_config(const std::filesystem::path& file, const Environment& environment) {
  YAML::Node node;
  auto parsed = parse_yaml(file, node);
  if (!parsed) return parsed.error();
  SensorConfig config;
  config.name = default_name();
  std::size_t drain_s = static_cast<std::size_t>(config.drain_timeout.count());

  std::string memory = std::to_string(config.memory_bytes);
  Section root(file, node, "", environment);
  root.text("name", config.name);
  root.path("state_directory", config.state_directory);
  root.number("workers", 0, limits::workers_max, config.workers);
  root.text("memory", memory);
  root.number("jobs", 1, 20, config.jobs);
  root.number("drain_timeout_s", 0, 3600, drain_s);
  Section platform = root.section("platform");
  platform.text("url", config.platform_url);
  read_network(platform, config.platform_network);
  platform.boolean("allow_plain_http", config.platform_allow_plain_http);
  platform.boolean("tls_verify", config.platform_tls_verify);
  platform.secret("enrollment_token", config.enrollment_token);
  Section registry = root.section("registry");
  read_network(registry, config.registry_network);
  registry.list("certs_directories", config.registry_network.certs_directories);
  registry.text("limit_rate", config.registry_network.limit_rate);
  registry.text("min_layer_rate", config.registry_network.min_layer_rate);
  registry.number("connections", 1, 64, config.registry_network.connections);
  registry.text("foreign_private_addresses", config.registry_network.foreign_private_addresses);
  Section detectors = root.section("detectors");
  detectors.boolean("try_passwords", config.try_passwords);
  Section log = root.section("log");
  log.text("level", config.log_level);
  log.boolean("json", config.log_json);

  for (const Section* section : {&root, &platform, &registry, &detectors, &log}) {
    auto finished = section->finish();
    if (!finished) return finished.error();
  }
  auto worker_memory = parse_memory(memory);
  if (!worker_memory) return config_error(file, "\"memory\": " + worker_memory.error().message());
  config.memory_bytes = *worker_memory;
  for (const auto& [name, network] : {std::pair("platform", &config.platform_network), std::pair("registry", &config.registry_network)}) {
    auto checked = check_network(file, name, *network, environment);
    if (!checked) return checked.error();
  }
  for (const Section* section : {&platform, &registry}) {
    const auto& names = section->secret_variables();
    config.secret_variables.insert(config.secret_variables.end(), names.begin(), names.end());
  }
  config.secret_variables.emplace_back("SENSOR_TOKEN");
  config.drain_timeout = std::chrono::seconds(drain_s);
  if (config.platform_url.empty()) return config_error(file, "\"platform.url\" is missing: the address of the platform to poll");
  auto reachable = check_platform_url(config.platform_url, config.platform_allow_plain_http);
  if (!reachable) return config_error(file, "\"platform.url\" " + reachable.error().message());
  if (config.enrollment_token.empty()) config.enrollment_token = Secret(environment("SENSOR_TOKEN").value_or(""));
  return config;
}

Result<ContainerImport> load_container_config(const std::filesystem::path& file, const Environment& environment) {
  YAML::Node root;
  auto parsed = parse_yaml(file, root);
  if (!parsed) return config_404(file, parsed.error().message(), kCheckSyntax);
  try {
    return read_container_import(file, root, environment);
  } catch (const YAML::Exception& error) {
    return config_404(file, error.what(), kCheckSyntax);
  }
}

}  // namespace landwaiter::daemon
