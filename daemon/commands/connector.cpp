// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/connector.hpp"

#include "core/base/text.hpp"
#include "daemon/commands/connection_options.hpp"
#include "daemon/settings/network.hpp"
#include "registry/http/transport.hpp"
#include "registry/sources/docker_archive.hpp"
#include "registry/sources/image_choice.hpp"
#include "registry/sources/oci_layout.hpp"

#include <array>
#include <iostream>
#include <utility>

namespace landwaiter::daemon {
namespace {

constexpr std::string_view kLayout = "oci:";
constexpr std::string_view kOciArchive = "oci-archive:";
constexpr std::string_view kDockerArchive = "docker-archive:";
constexpr std::array kArchives{kOciArchive, kDockerArchive};
/// What other programs read images from, and the way from there to here.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kElsewhere{{
    {"docker-daemon:", "send it: docker save IMAGE | landwaiter scan docker-archive:-"},
    {"containers-storage:", "send it: podman save IMAGE | landwaiter scan docker-archive:-"},
    {"dir:", "copy it into a layout: skopeo copy dir:DIR oci:DIR2"},
    {"tarball:", "archives are read as docker-archive:FILE or oci-archive:FILE"},
}};

std::string_view archive_prefix(std::string_view image) {
  for (const std::string_view prefix : kArchives)
    if (image.starts_with(prefix)) return prefix;
  return {};
}

Target local_target(std::unique_ptr<registry::ImageSource> source, const std::string& image, const registry::LocalName& named) {
  Target target;
  target.name = image;
  target.source = std::move(source);
  target.tag = named.name;
  return target;
}

Error needs_a_path(std::string_view prefix) { return {ErrorCode::invalid_argument, std::string(prefix) + " needs a path"}; }

Result<Target> open_layout(const std::string& image) {
  const auto named = registry::split_local_name(std::string_view(image).substr(kLayout.size()));
  if (named.path.empty()) return needs_a_path(kLayout);
  if (named.path == "-") {
    return Error(ErrorCode::invalid_argument, "oci: reads a folder; an archive from standard input is oci-archive:- or docker-archive:-");
  }
  auto source = registry::open_oci_layout(named.path, named.name);
  if (!source) return source.error();
  return local_target(*std::move(source), image, named);
}

/// Perhaps no reference was meant.
Error with_advice(const Error& error, const std::string& image) {
  for (const auto& [prefix, advice] : kElsewhere) {
    if (image.starts_with(prefix)) return {error.code(), std::string(prefix) + " is not read; " + std::string(advice)};
  }
  const std::string prefix = registry::prefix_for(image);
  if (prefix.empty()) return error;
  return {error.code(), error.message() + "; what lies there is read as " + prefix + printable(image)};
}

}  // namespace

Connector::Connector(asio::any_io_executor executor, ConnectionOptions options, Environment environment, const Clock& clock)
    : options_(std::move(options)), docker_config_(registry::DockerConfig::of_process()), clock_(clock) {
  auto network = transport_options(options_.network, environment, true);
  if (network) transport_ = registry::make_transport(executor, *std::move(network));
  else broken_ = network.error();
  docker_config_.environment = std::move(environment);
}

void Connector::receive(const std::vector<std::string>& images) {
  for (const std::string& image : images) {
    const std::string_view prefix = archive_prefix(image);
    if (prefix.empty()) continue;
    const auto named = registry::split_local_name(std::string_view(image).substr(prefix.size()));
    const bool is_new = !streams_.contains(named.path) && (named.path == "-" || SeekableFile::is_stream(named.path));
    if (is_new) streams_.emplace(named.path, SeekableFile::open(named.path));
  }
}

Result<Target> Connector::open(const std::string& image) {
  if (image.starts_with(kLayout)) return open_layout(image);
  const std::string_view prefix = archive_prefix(image);
  return prefix.empty() ? open_remote(image) : open_archive(image, prefix);
}

Result<Target> Connector::open_archive(const std::string& image, std::string_view prefix) {
  const auto named = registry::split_local_name(std::string_view(image).substr(prefix.size()));
  if (named.path.empty()) return needs_a_path(prefix);
  std::shared_ptr<const SeekableFile> received;
  if (const auto stream = streams_.find(named.path); stream != streams_.end()) {
    if (!stream->second) return stream->second.error();
    received = *stream->second;
  }
  auto source = prefix == kDockerArchive ? registry::open_docker_archive(named.path, named.name, std::move(received))
                                         : registry::open_oci_archive(named.path, named.name, std::move(received));
  if (!source) return source.error();
  return local_target(*std::move(source), image, named);
}

Result<Target> Connector::open_remote(const std::string& image) {
  auto reference = registry::Reference::parse(image);
  if (!reference) return with_advice(reference.error(), image);
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

bool is_sent_to_us(const std::string& image) {
  const std::string_view prefix = archive_prefix(image);
  return !prefix.empty() && registry::split_local_name(std::string_view(image).substr(prefix.size())).path == "-";
}

}  // namespace landwaiter::daemon
