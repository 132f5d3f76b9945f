// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/local_images.hpp"

#include "core/base/text.hpp"
#include "registry/sources/containerd.hpp"
#include "registry/sources/docker_archive.hpp"
#include "registry/sources/docker_daemon.hpp"
#include "registry/sources/folder.hpp"
#include "registry/sources/image_choice.hpp"
#include "registry/sources/local_image.hpp"
#include "registry/sources/oci_layout.hpp"

namespace landwaiter::daemon {
namespace {

constexpr const char* kSentToUs = "-";

Result<Target> local_target(Result<std::unique_ptr<registry::ImageSource>> source, std::string name, std::string tag = {}) {
  if (!source) return source.error();
  Target target;
  target.name = std::move(name);
  target.source = *std::move(source);
  target.tag = std::move(tag);
  return target;
}

std::string prefix_of(ImageKind kind) {
  switch (kind) {
    case ImageKind::layout: return "oci:";
    case ImageKind::oci_archive: return "oci-archive:";
    case ImageKind::docker_archive: return "docker-archive:";
    case ImageKind::folder: return "dir:";
    case ImageKind::docker_daemon: return "docker-daemon:";
    case ImageKind::containerd: return "containerd:";
    default: return {};
  }
}

Result<Target> open_layout(const std::string& rest, const std::string& text) {
  const auto named = registry::split_local_name(rest);
  if (named.path == kSentToUs) return Error(ErrorCode::invalid_argument, "oci: reads a folder; an archive from standard input is - alone");
  auto source = registry::open_oci_layout(named.path, named.name);
  // Other programs name registries like that.
  if (!source && rest.starts_with("//"))
    return Error(source.error().code(), source.error().message() + "; an image of a registry is docker:" + printable(rest));
  return local_target(std::move(source), text, named.name);
}

}  // namespace

void LocalImages::receive(const std::vector<std::string>& images) {
  for (const std::string& text : images) {
    const auto image = parse_image_name(text);
    if (!image) continue;  // open() says why
    if (is_archive(image->kind)) receive_archive(image->rest);
    if (image->kind != ImageKind::docker_daemon || image->rest.empty() || received_.contains(image->rest)) continue;
    const auto sockets = registry::daemon_sockets(environment_);
    received_.emplace(image->rest, sockets ? registry::receive_from_daemon(image->rest, *sockets) : Stream(sockets.error()));
  }
}

void LocalImages::receive_archive(const std::string& rest) {
  const std::string path = registry::split_local_name(rest).path;
  const bool is_new = !streams_.contains(path) && (path == kSentToUs || SeekableFile::is_stream(path));
  if (is_new) streams_.emplace(path, SeekableFile::open(path));
}

Result<Target> LocalImages::open(const ImageName& image, const std::string& text) {
  if (image.rest.empty()) {
    const std::string what = image.kind == ImageKind::docker_daemon ? "a name"
                             : image.kind == ImageKind::containerd  ? "a digest"
                                                                    : "a path";
    return Error(ErrorCode::invalid_argument, prefix_of(image.kind) + " needs " + what);
  }
  switch (image.kind) {
    case ImageKind::layout: return open_layout(image.rest, text);
    case ImageKind::folder: return local_target(registry::open_folder(image.rest), text);
    case ImageKind::docker_daemon: return open_received(image, text);
    case ImageKind::containerd: return local_target(registry::open_containerd(containerd_root_, image.rest), text);
    default: return open_archive(image, text);
  }
}

Result<Target> LocalImages::open_archive(const ImageName& image, const std::string& text) {
  const auto named = registry::split_local_name(image.rest);
  std::shared_ptr<const SeekableFile> received;
  if (const auto stream = streams_.find(named.path); stream != streams_.end()) {
    if (!stream->second) return stream->second.error();
    received = *stream->second;
  }
  // What comes through standard input cannot be sent again under another prefix.
  if (image.kind == ImageKind::path || named.path == kSentToUs) {
    auto local = registry::open_local_image(named.path, named.name, std::move(received));
    if (!local) return local.error();
    return local_target(std::move(local->source), local->prefix + image.rest, named.name);
  }
  if (image.kind == ImageKind::docker_archive)
    return local_target(registry::open_docker_archive(named.path, named.name, std::move(received)), text, named.name);
  return local_target(registry::open_oci_archive(named.path, named.name, std::move(received)), text, named.name);
}

Result<Target> LocalImages::open_received(const ImageName& image, const std::string& text) {
  const auto stream = received_.find(image.rest);
  if (stream == received_.end()) return Error(ErrorCode::internal, text + " was not received");
  if (!stream->second) return stream->second.error();
  return local_target(registry::open_received(image.rest, *stream->second), text);
}

}  // namespace landwaiter::daemon
