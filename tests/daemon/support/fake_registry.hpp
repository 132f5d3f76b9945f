// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/digest.hpp"
#include "core/base/json.hpp"
#include "tests/support/scripted_server.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::test {

/// The read side of the distribution API over maps in memory, on a free port of loopback.
class FakeRegistry {
 public:
  using Answer = std::optional<ScriptedResponse>;

  std::string add_blob(const std::string& body) {
    const std::string digest = Digest::sha256_of(as_bytes(body)).str();
    blobs_[digest] = body;
    return digest;
  }
  /// An image of one layer whose config says when it was made; returns its digest.
  Digest add_image(const std::string& repository, const std::string& tag, const std::string& created, const std::string& platform = "amd64",
                   int layer_bytes = 7) {
    const std::string config = R"({"architecture":")" + platform + R"(","os":"linux")" +
                               (created.empty() ? "" : R"(,"created":")" + created + '"') + R"(,"rootfs":{"diff_ids":[]}})";
    return add(repository, tag, image(add_blob(config), config.size(), layer_bytes));
  }
  /// Any manifest; with an empty tag only by digest.
  Digest add(const std::string& repository, const std::string& tag, const std::string& body) {
    const Digest digest = Digest::sha256_of(as_bytes(body));
    manifests_[digest.str()] = body;
    auto& tags = repositories_[repository];
    if (!tag.empty()) tags[tag] = digest.str();
    return digest;
  }
  Digest add_index(const std::string& repository, const std::string& tag, const std::vector<std::pair<Digest, std::string>>& members) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& [digest, architecture] : members) {
      list.push_back({{"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                      {"digest", digest.str()},
                      {"size", 100},
                      {"platform", {{"os", "linux"}, {"architecture", architecture}}}});
    }
    return add(repository, tag,
               dump_json({{"schemaVersion", 2}, {"mediaType", "application/vnd.oci.image.index.v1+json"}, {"manifests", list}}));
  }
  static std::string image(const std::string& config, std::size_t config_size, int layer_bytes,
                           const std::string& config_type = "application/vnd.oci.image.config.v1+json") {
    const std::string layer = "sha256:" + std::string(64, '1');
    return dump_json(
        {{"schemaVersion", 2},
         {"mediaType", "application/vnd.oci.image.manifest.v1+json"},
         {"config", {{"mediaType", config_type}, {"digest", config}, {"size", config_size}}},
         {"layers", nlohmann::json::array(
                        {{{"mediaType", "application/vnd.oci.image.layer.v1.tar+gzip"}, {"digest", layer}, {"size", layer_bytes}}})}});
  }

  /// Takes its place in front of the maps; nothing means the maps answer.
  std::function<Answer(const ScriptedRequest&)> override_answer = [](const ScriptedRequest&) { return Answer(); };
  std::size_t catalog_page = 1000;
  std::map<std::string, std::map<std::string, std::string>> repositories_;

  std::string host() const { return server_.host(); }
  std::vector<ScriptedRequest> requests() const { return server_.requests(); }
  /// Requests whose "METHOD path" holds `part`, without the first `skip` requests.
  std::size_t count(const std::string& part, std::size_t skip = 0) const {
    const auto all = requests();
    return static_cast<std::size_t>(std::ranges::count_if(
        all.begin() + static_cast<std::ptrdiff_t>(skip), all.end(),
        [&](const auto& request) { return (request.method + ' ' + request.path()).find(part) != std::string::npos; }));
  }

 private:
  ScriptedResponse answer(const ScriptedRequest& request) {
    if (auto special = override_answer(request)) return *special;
    const std::string path = request.path();
    if (path == "/v2/") return {};
    if (path == "/v2/_catalog") return catalog(request.target);
    for (const std::string kind : {"/tags/list", "/manifests/", "/blobs/"}) {
      const std::size_t found = path.rfind(kind);
      if (found == std::string::npos) continue;
      return of_repository(request, path.substr(4, found - 4), kind, path.substr(found + kind.size()));
    }
    return {.status = 404};
  }

  ScriptedResponse catalog(const std::string& target) {
    const std::size_t last = target.find("last=");
    const std::string after = last == std::string::npos ? "" : target.substr(last + 5);
    nlohmann::json names = nlohmann::json::array();
    auto it = repositories_.upper_bound(after);
    for (; it != repositories_.end() && names.size() < catalog_page; ++it) names.push_back(it->first);
    ScriptedResponse out;
    if (it != repositories_.end())
      out.headers.push_back({"Link", "</v2/_catalog?n=5&last=" + names.back().get<std::string>() + ">; rel=\"next\""});
    out.body = dump_json({{"repositories", names}});
    return out;
  }

  ScriptedResponse of_repository(const ScriptedRequest& request, const std::string& name, const std::string& kind,
                                 const std::string& reference) {
    const auto repository = repositories_.find(name);
    if (repository == repositories_.end()) return error("NAME_UNKNOWN");
    if (kind == "/tags/list") {
      nlohmann::json names = nlohmann::json::array();
      for (const auto& [tag, digest] : repository->second) names.push_back(tag);
      return {.body = dump_json({{"name", name}, {"tags", names}})};
    }
    if (kind == "/blobs/") {
      const auto blob = blobs_.find(reference);
      return blob == blobs_.end() ? error("BLOB_UNKNOWN") : ScriptedResponse{.body = blob->second};
    }
    const auto tag = repository->second.find(reference);
    const auto manifest = manifests_.find(tag == repository->second.end() ? reference : tag->second);
    if (manifest == manifests_.end()) return error("MANIFEST_UNKNOWN");
    ScriptedResponse out;
    const bool index = manifest->second.find("\"manifests\"") != std::string::npos;
    out.headers = {{"Docker-Content-Digest", manifest->first},
                   {"Content-Type", index ? "application/vnd.oci.image.index.v1+json" : "application/vnd.oci.image.manifest.v1+json"}};
    if (request.method != "HEAD") out.body = manifest->second;
    return out;
  }

  static ScriptedResponse error(const std::string& code) {
    return {.status = 404, .body = R"({"errors":[{"code":")" + code + R"(","message":"unknown"}]})"};
  }

  std::map<std::string, std::string> manifests_;
  std::map<std::string, std::string> blobs_;
  ScriptedServer server_{[this](const ScriptedRequest& request) { return answer(request); }};
};

}  // namespace landwaiter::test
