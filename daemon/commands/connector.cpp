// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/connector.hpp"

#include "core/base/text.hpp"
#include "daemon/commands/connection_options.hpp"
#include "daemon/settings/network.hpp"
#include "registry/client/reference.hpp"
#include "registry/http/transport.hpp"
#include "registry/sources/image_choice.hpp"

#include <array>
#include <iostream>
#include <utility>

namespace landwaiter::daemon {
namespace {

/// What other programs read images from, and the way from there to here.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kElsewhere{{
    {"containers-storage:", "send it: podman save IMAGE | landwaiter scan -"},
    {"podman:", "images of Podman are read as docker-daemon:NAME, or sent: podman save IMAGE | landwaiter scan -"},
    {"docker:", "images of Docker are read as docker-daemon:NAME, those of a registry as docker://REFERENCE"},
    {"tarball:", "archives are read by their path alone"},
}};

/// Perhaps no reference was meant.
Error with_advice(const Error& error, const std::string& image) {
  for (const auto& [prefix, advice] : kElsewhere) {
    if (image.starts_with(prefix)) return {error.code(), std::string(prefix) + " is not read; " + std::string(advice)};
  }
  return error;
}

}  // namespace

Connector::Connector(asio::any_io_executor executor, ConnectionOptions options, Environment environment, const Clock& clock)
    : options_(std::move(options)),
      docker_config_(registry::DockerConfig::of_process()),
      clock_(clock),
      local_(options_.containerd_root, environment) {
  auto network = transport_options(options_.network, environment, true);
  if (network) transport_ = registry::make_transport(executor, *std::move(network));
  else broken_ = network.error();
  docker_config_.environment = std::move(environment);
}

Result<Target> Connector::open(const std::string& image) {
  const auto named = parse_image_name(image);
  if (!named) return named.error();
  if (!named->note.empty()) tell(named->note);
  return named->kind == ImageKind::remote ? open_remote(named->rest) : local_.open(*named, image);
}

Result<Target> Connector::open_remote(const std::string& image) {
  const auto addressed = registry::AddressedReference::parse(image);
  if (!addressed) return with_advice(addressed.error(), image);
  registry::Reference reference = addressed->reference;
  auto to = client(addressed->address, reference.repository);
  if (!to) return to.error();
  Target target;
  reference.host = registry::reference_host((*to)->endpoint());
  target.name = reference.str();
  target.source = registry::Client::repository_source(*to, reference.repository);
  target.reference = reference.manifest_reference();
  target.repository = reference.repository;
  target.tag = reference.tag;
  return target;
}

/// Once, however many images it concerns.
void Connector::tell(const std::string& warning) {
  if (told_.insert(warning).second) std::cerr << "landwaiter: " << warning << "\n";
}

registry::DockerCredentials Connector::look_up(const std::string& host, const std::string& repository) {
  registry::DockerCredentials found = registry::find_credentials(docker_config_, host, repository);
  for (const std::string& warning : found.warnings) tell(warning);
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
  // Who says how a certificate is to be judged, or shows one, means TLS also on loopback.
  const NetworkSettings& network = options_.network;
  const bool about_tls = !options_.tls_verify || !network.ca_file.empty() || !network.client_cert_file.empty();
  if (about_tls && !endpoint->plain_http) endpoint->explicit_https = true;
  endpoint->tls_verify = options_.tls_verify;
  endpoint->kind = options_.kind;
  auto made = std::make_shared<registry::Client>(transport_, *std::move(endpoint), clock_);
  clients_.emplace(key, made);
  return made;
}

bool is_sent_to_us(const std::string& image) {
  const auto named = parse_image_name(image);
  return named && is_archive(named->kind) && registry::split_local_name(named->rest).path == "-";
}

}  // namespace landwaiter::daemon
