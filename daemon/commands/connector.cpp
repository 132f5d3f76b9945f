// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/connector.hpp"

#include "core/base/text.hpp"
#include "daemon/commands/connection_options.hpp"
#include "daemon/settings/network.hpp"
#include "registry/http/transport.hpp"
#include "registry/sources/docker_archive.hpp"
#include "registry/sources/oci_layout.hpp"

#include <array>
#include <iostream>
#include <utility>

namespace landwaiter::daemon {
namespace {

using OpenLocal = Result<std::unique_ptr<registry::ImageSource>> (*)(std::string path, std::string tag);

constexpr std::array<std::pair<std::string_view, OpenLocal>, 3> kLocalKinds{{
    {"oci:", registry::open_oci_layout},
    {"oci-archive:", registry::open_oci_archive},
    {"docker-archive:", registry::open_docker_archive},
}};

/// "PATH[:TAG]": a colon after the last slash starts the tag; docker-archive tags are whole references.
std::pair<std::string, std::string> split_tag(std::string_view text, bool tag_is_reference) {
  const std::size_t from = tag_is_reference ? 0 : text.rfind('/');
  const std::size_t colon = text.find(':', from == std::string_view::npos ? 0 : from);
  if (colon == std::string_view::npos) return {std::string(text), ""};
  return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

Result<Target> open_local(std::string_view kind, OpenLocal open, std::string_view rest) {
  auto [path, tag] = split_tag(rest, kind == "docker-archive:");
  if (path.empty()) return Error(ErrorCode::invalid_argument, std::string(kind) + " needs a path");
  auto source = open(path, tag);
  if (!source) return source.error();
  Target target;
  target.name = std::string(kind) + std::string(rest);
  target.source = *std::move(source);
  target.reference = tag;
  target.tag = tag;
  return target;
}

}  // namespace

Connector::Connector(asio::any_io_executor executor, ConnectionOptions options, Environment environment, const Clock& clock)
    : options_(std::move(options)), docker_config_(registry::DockerConfig::of_process()), clock_(clock) {
  auto network = transport_options(options_.network, environment, true);
  if (network) transport_ = registry::make_transport(executor, *std::move(network));
  else broken_ = network.error();
  docker_config_.environment = std::move(environment);
}

Result<Target> Connector::open(const std::string& image) {
  for (const auto& [kind, open] : kLocalKinds) {
    if (image.starts_with(kind)) return open_local(kind, open, std::string_view(image).substr(kind.size()));
  }
  return open_remote(image);
}

Result<Target> Connector::open_remote(const std::string& image) {
  auto reference = registry::Reference::parse(image);
  if (!reference) return reference.error();
  auto to = client(reference->host, reference->repository);
  if (!to) return to.error();
  Target target;
  reference->host = registry::reference_host((*to)->endpoint());
  target.name = reference->str();
  target.source = registry::Client::repository_source(*to, reference->repository);
  target.reference = reference->manifest_reference();
  target.repository = reference->repository;
  target.tag = reference->tag;
  return target;
}

/// Each warning once, however many images it concerns.
registry::DockerCredentials Connector::look_up(const std::string& host, const std::string& repository) {
  registry::DockerCredentials found = registry::find_credentials(docker_config_, host, repository);
  for (const std::string& warning : found.warnings) {
    if (warned_.insert(warning).second) std::cerr << "landwaiter: " << warning << "\n";
  }
  return found;
}

Result<std::shared_ptr<registry::Client>> Connector::client(const std::string& host, const std::string& repository) {
  if (broken_) return *broken_;
  auto endpoint = registry::Endpoint::parse(host);
  if (!endpoint) return endpoint.error();
  std::string key = host;
  endpoint->credentials = options_.credentials;
  if (endpoint->credentials.anonymous()) {
    const registry::DockerCredentials found = look_up(endpoint->host, repository);
    registry::apply(found, *endpoint);
    key += '/' + found.key_path;
  }
  const auto known = clients_.find(key);
  if (known != clients_.end()) return known->second;
  if (options_.plain_http) endpoint->plain_http = true;
  endpoint->tls_verify = options_.tls_verify;
  endpoint->kind = options_.kind;
  auto made = std::make_shared<registry::Client>(transport_, *std::move(endpoint), clock_);
  clients_.emplace(key, made);
  return made;
}

}  // namespace landwaiter::daemon
