// SPDX-License-Identifier: Apache-2.0
#include "core/report/manifest_facts.hpp"

#include "core/base/json.hpp"

#include <array>

namespace landwaiter {
namespace {

using nlohmann::json;

constexpr std::array<const char*, 3> kManifestKinds{"image", "artifact", "index"};

void read_digest(const json& in, const char* name, Digest& out) {
  const auto digest = Digest::parse(in.at(name).get<std::string>());
  if (!digest) throw json::other_error::create(501, std::string(name) + ": " + digest.error().message(), nullptr);
  out = *digest;
}

json write_member(const ManifestMember& member) {
  return {{"digest", member.digest.str()},
          {"media_type", member.media_type},
          {"platform", member.platform},
          {"attestation", member.attestation}};
}

ManifestMember read_member(const json& in) {
  ManifestMember out;
  read_digest(in, "digest", out.digest);
  in.at("media_type").get_to(out.media_type);
  in.at("platform").get_to(out.platform);
  in.at("attestation").get_to(out.attestation);
  return out;
}

ManifestFacts::Kind read_kind(const std::string& name) {
  for (std::size_t i = 0; i < kManifestKinds.size(); ++i) {
    if (name == kManifestKinds[i]) return static_cast<ManifestFacts::Kind>(i);
  }
  throw json::other_error::create(501, "unknown kind of manifest", nullptr);
}

}  // namespace

std::size_t ManifestFacts::bytes() const {
  constexpr std::size_t kDigestText = 80;
  std::size_t out = sizeof(ManifestFacts) + 2 * kDigestText + media_type.size() + artifact_type.size() + config_media_type.size();
  for (const ManifestMember& member : members) {
    out += sizeof(ManifestMember) + kDigestText + member.media_type.size() + member.platform.size();
  }
  return out;
}

void to_json(json& out, const ManifestFacts& value) {
  out = json{
      {"digest", value.digest.str()}, {"kind", kManifestKinds[static_cast<std::size_t>(value.kind)]}, {"media_type", value.media_type}};
  switch (value.kind) {
    case ManifestFacts::Kind::artifact: out["artifact_type"] = value.artifact_type; break;
    case ManifestFacts::Kind::index:
      out["members"] = json::array();
      for (const ManifestMember& member : value.members) out["members"].push_back(write_member(member));
      return;
    case ManifestFacts::Kind::image:
      out["config"] = value.config.str();
      out["config_media_type"] = value.config_media_type;
      out["config_size_bytes"] = value.config_size_bytes;
      if (value.config_read) out["created"] = value.created;
      if (value.config_read) out["platform"] = value.platform;
  }
  out["size_bytes"] = value.size_bytes;
}

void from_json(const json& in, ManifestFacts& value) {
  read_digest(in, "digest", value.digest);
  value.kind = read_kind(in.at("kind").get<std::string>());
  in.at("media_type").get_to(value.media_type);
  if (value.kind == ManifestFacts::Kind::index) {
    for (const json& member : in.at("members")) value.members.push_back(read_member(member));
    return;
  }
  read_count(in, "size_bytes", value.size_bytes);
  if (value.kind == ManifestFacts::Kind::artifact) {
    in.at("artifact_type").get_to(value.artifact_type);
    return;
  }
  read_digest(in, "config", value.config);
  in.at("config_media_type").get_to(value.config_media_type);
  read_count(in, "config_size_bytes", value.config_size_bytes);
  value.config_read = in.contains("created");
  if (!value.config_read) return;
  in.at("created").get_to(value.created);
  in.at("platform").get_to(value.platform);
}

}  // namespace landwaiter
