// SPDX-License-Identifier: Apache-2.0
#include "daemon/listing/manifest_reader.hpp"

#include "core/report/image_config.hpp"
#include "registry/client/media_types.hpp"

namespace landwaiter::daemon {
namespace {

ManifestFacts facts_of(const registry::ManifestDocument& document) {
  ManifestFacts out;
  out.digest = document.digest;
  if (document.index) {
    out.kind = ManifestFacts::Kind::index;
    out.media_type = document.index->media_type;
    for (const registry::Descriptor& member : document.index->manifests) {
      out.members.push_back({member.digest, member.media_type, member.platform, member.attestation});
    }
    return out;
  }
  const registry::ImageManifest& image = *document.image;
  out.media_type = image.media_type;
  for (const registry::Descriptor& layer : image.layers) out.size_bytes += layer.size_bytes;
  if (!image.is_image()) {
    out.kind = ManifestFacts::Kind::artifact;
    out.artifact_type = registry::media_types::shown(image.artifact_type.empty() ? image.config.media_type : image.artifact_type);
    return out;
  }
  out.config = image.config.digest;
  out.config_media_type = image.config.media_type;
  out.config_size_bytes = image.config.size_bytes;
  return out;
}

/// Asking again would give the same result.
bool is_final(ErrorCode code) {
  return code == ErrorCode::not_found || code == ErrorCode::malformed || code == ErrorCode::limit_exceeded ||
         code == ErrorCode::digest_mismatch;
}

}  // namespace

ManifestReader::ManifestReader(std::shared_ptr<registry::ImageSource> source, std::shared_ptr<ManifestMemory> memory)
    : source_(std::move(source)), memory_(std::move(memory)) {}

ManifestReader::ManifestReader(std::shared_ptr<registry::Client> client, std::string repository, std::shared_ptr<ManifestMemory> memory,
                               bool ask_first)
    : source_(registry::Client::repository_source(client, repository)),
      client_(std::move(client)),
      repository_(std::move(repository)),
      memory_(std::move(memory)),
      ask_first_(ask_first) {}

Awaitable<KnownManifest> ManifestReader::read_tag(registry::TagEntry entry) {
  if (!entry.digest.empty() && memory_) {
    auto known = co_await memory_->find(entry.digest);
    if (known) co_return known;
  } else if (ask_first_ && client_) {
    auto head = co_await client_->head_manifest(repository_, entry.tag);
    if (!head) co_return head.error();
    if (!head->digest.empty()) {
      auto known = co_await memory_->find(head->digest);
      if (known) co_return known;
    }
  }
  co_return co_await fetch(entry.tag);
}

Awaitable<KnownManifest> ManifestReader::read(std::string reference) {
  if (const auto digest = Digest::parse(reference); digest && memory_) {
    auto known = co_await memory_->find(*digest);
    if (known) co_return known;
  }
  co_return co_await fetch(std::move(reference));
}

Awaitable<KnownManifest> ManifestReader::fetch(std::string reference) {
  auto document = co_await source_->manifest(std::move(reference));
  if (!document) co_return document.error();
  KnownManifest known = std::make_shared<const ManifestFacts>(facts_of(*document));
  if (memory_) {
    auto before = co_await memory_->find(known->digest);
    // The known facts may include more: those from the config.
    if (before) co_return before;
    memory_->remember(known);
  }
  co_return known;
}

Awaitable<KnownManifest> ManifestReader::read_config(KnownManifest image) {
  if (image->kind != ManifestFacts::Kind::image || image->config_read) co_return image;
  registry::Descriptor descriptor;
  descriptor.digest = image->config;
  descriptor.media_type = image->config_media_type;
  descriptor.size_bytes = image->config_size_bytes;
  auto body = co_await source_->small_blob(std::move(descriptor));
  if (!body && !is_final(body.error().code())) co_return body.error();
  auto facts = std::make_shared<ManifestFacts>(*image);
  facts->config_read = true;
  if (body) {
    const auto parse = [&body] { return parse_image_config(*body); };
    const auto config = co_await documents_.run(body->size(), parse);
    if (config) {
      facts->created = config->created;
      facts->platform = config->platform;
    }
  }
  KnownManifest known = std::move(facts);
  // A missing config may reappear, and damage in transit is not a property of the digest.
  if (memory_ && (body || body.error().code() == ErrorCode::limit_exceeded)) memory_->remember(known);
  co_return known;
}

}  // namespace landwaiter::daemon
