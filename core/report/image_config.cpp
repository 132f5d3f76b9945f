// SPDX-License-Identifier: Apache-2.0
#include "core/report/image_config.hpp"

#include "core/base/clock.hpp"
#include "core/base/json_reader.hpp"
#include "core/base/json_text.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"

namespace landwaiter {
namespace {

using nlohmann::json;

constexpr std::size_t kPlatformPartBytesMax = 64;

/// The member of that name when it has the type, else nothing.
const json* member_of(const json& object, const char* name, json::value_t type) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found != object.end() && found->type() == type ? &*found : nullptr;
}

Result<std::vector<Digest>> parse_diff_ids(const json& document) {
  std::vector<Digest> out;
  const json* rootfs = member_of(document, "rootfs", json::value_t::object);
  if (rootfs == nullptr) return out;
  const auto list = rootfs->find("diff_ids");
  if (list == rootfs->end() || list->is_null()) return out;
  if (!list->is_array()) return Error(ErrorCode::malformed, "image config: rootfs.diff_ids is not a list");
  if (list->size() > limits::manifest_layers_max) {
    return Error(ErrorCode::limit_exceeded, "image config: too many diff_ids: " + std::to_string(list->size()));
  }
  for (const json& value : *list) {
    auto digest = Digest::parse(value.is_string() ? value.get<std::string>() : std::string());
    if (!digest) return digest.error().with_context("image config: diff_id " + std::to_string(out.size()));
    out.push_back(*digest);
  }
  return out;
}

/// Reads the lists of one config, none of them further than allowed.
class ListReader {
 public:
  explicit ListReader(std::string& cut) : cut_(cut) {}

  /// Calls `read` with the name and the value of each entry; those of an array have no name.
  template <class Read>
  void each(const json& object, const char* name, json::value_t type, Read read) const {
    const json* list = member_of(object, name, type);
    if (list == nullptr) return;
    std::size_t left = kConfigEntriesMax;
    for (auto entry = list->begin(); entry != list->end(); ++entry) {
      if (left-- == 0) {
        cut_ = name;
        return;
      }
      read(type == json::value_t::object ? entry.key() : std::string(), *entry);
    }
  }

  void texts(const json& object, const char* name, std::vector<std::string>& out) const {
    each(object, name, json::value_t::array, [&](const std::string&, const json& value) {
      if (value.is_string()) out.push_back(value.get<std::string>());
    });
  }

  /// Of a set, which JSON writes as an object with empty members.
  void names(const json& object, const char* name, std::vector<std::string>& out) const {
    each(object, name, json::value_t::object, [&](const std::string& entry, const json&) { out.push_back(entry); });
  }

 private:
  std::string& cut_;
};

/// The member "config": how containers are run.
void read_run_config(const json& run, const ListReader& lists, ImageConfig& out) {
  out.user = text_of(run, "User");
  out.working_directory = text_of(run, "WorkingDir");
  lists.texts(run, "Env", out.environment);
  lists.texts(run, "Entrypoint", out.entrypoint);
  lists.texts(run, "Cmd", out.command);
  lists.names(run, "ExposedPorts", out.exposed_ports);
  lists.names(run, "Volumes", out.volumes);
  lists.each(run, "Labels", json::value_t::object, [&](const std::string& name, const json& value) {
    if (value.is_string()) out.labels.emplace(name, value.get<std::string>());
  });
  if (const json* check = member_of(run, "Healthcheck", json::value_t::object)) lists.texts(*check, "Test", out.health_check);
}

HistoryStep history_step(const json& step) {
  const json* empty = member_of(step, "empty_layer", json::value_t::boolean);
  return {.created = text_of(step, "created"),
          .created_by = text_of(step, "created_by"),
          .author = text_of(step, "author"),
          .comment = text_of(step, "comment"),
          .empty_layer = empty != nullptr && empty->get<bool>()};
}

std::string platform_part(const json& platform, const char* name) {
  return printable(text_of(platform, name).substr(0, kPlatformPartBytesMax));
}

}  // namespace

std::string platform_name(const json& platform) {
  const std::string os = platform_part(platform, "os");
  const std::string architecture = platform_part(platform, "architecture");
  const std::string variant = platform_part(platform, "variant");
  if (os.empty() || architecture.empty()) return {};
  return os + '/' + architecture + (variant.empty() ? "" : '/' + variant);
}

Result<ImageConfig> parse_image_config(std::string_view body) {
  if (body.size() > limits::config_bytes_max) {
    return Error(ErrorCode::limit_exceeded, "image config has more than " + human_bytes(limits::config_bytes_max));
  }
  auto document = parse_json(body, "image config", kJsonConfig);
  if (!document) return document.error();
  if (!document->is_object()) return Error(ErrorCode::malformed, "image config is not an object");
  ImageConfig out;
  out.platform = platform_name(*document);
  if (const std::string created = text_of(*document, "created"); from_rfc3339(created)) out.created = created;
  auto diff_ids = parse_diff_ids(*document);
  if (!diff_ids) return diff_ids.error();
  out.diff_ids = *std::move(diff_ids);
  const ListReader lists(out.cut);
  if (const json* run = member_of(*document, "config", json::value_t::object)) read_run_config(*run, lists, out);
  lists.each(*document, "history", json::value_t::array,
             [&](const std::string&, const json& step) { out.history.push_back(history_step(step)); });
  return out;
}

}  // namespace landwaiter
