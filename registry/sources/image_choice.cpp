// SPDX-License-Identifier: Apache-2.0
#include "registry/sources/image_choice.hpp"

#include "core/base/digest.hpp"
#include "core/base/text.hpp"
#include "registry/client/reference.hpp"
#include "registry/sources/tar_file.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <map>
#include <set>

namespace landwaiter::registry {
namespace {

constexpr std::size_t kNamesShown = 20;

std::string shown(const NamedImage& image) {
  if (image.names.empty()) return "@" + printable(image.id) + " (without a name)";
  std::string out;
  for (const std::string& name : image.names) out += (out.empty() ? "" : " = ") + printable(name);
  return out;
}

std::string list(std::span<const NamedImage> images, const std::vector<std::size_t>& of, const std::string& where) {
  std::map<std::string, std::size_t> times;
  for (const std::size_t i : of) ++times[shown(images[i])];
  std::string out;
  for (std::size_t i = 0; i < std::min(of.size(), kNamesShown); ++i) {
    const std::string name = shown(images[of[i]]);
    out += (out.empty() ? "" : ", ") + name + (times[name] > 1 ? " (@" + printable(images[of[i]].id) + ")" : "");
  }
  if (of.size() > kNamesShown) out += ", and " + std::to_string(of.size() - kNamesShown) + " more";
  return out + "; name one as " + printable(where) + ":NAME or " + printable(where) + "@DIGEST";
}

/// The first entry of each image.
std::vector<std::size_t> distinct(std::span<const NamedImage> images, const std::function<bool(const NamedImage&)>& is_meant) {
  std::vector<std::size_t> out;
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (is_meant(images[i]) && seen.insert(images[i].id).second) out.push_back(i);
  }
  return out;
}

/// How a name can mean an image, from the strictest to the loosest.
using Match = std::function<bool(const std::string& name)>;

std::array<Match, 3> matches(const std::string& wanted) {
  const auto reference = Reference::parse(wanted);
  const std::string complete = reference ? reference->str() : std::string();
  return {[wanted](const std::string& name) { return name == wanted; },
          // Completed as in Docker: "alpine" is "docker.io/library/alpine:latest".
          [complete](const std::string& name) {
            const auto own = Reference::parse(name);
            return own && !complete.empty() && own->str() == complete;
          },
          [wanted](const std::string& name) { return name.ends_with(':' + wanted) || name.ends_with('/' + wanted); }};
}

bool is_there(const std::filesystem::path& path) {
  std::error_code unknown;
  return std::filesystem::exists(path, unknown);
}

}  // namespace

Result<std::size_t> choose_image(std::span<const NamedImage> images, const std::string& wanted, const std::string& where) {
  const std::vector<std::size_t> all = distinct(images, [](const NamedImage&) { return true; });
  if (all.empty()) return Error(ErrorCode::not_found, where + " holds no image");
  if (wanted.empty()) {
    if (all.size() == 1) return all.front();
    return Error(ErrorCode::invalid_argument, where + " holds " + std::to_string(all.size()) + " images: " + list(images, all, where));
  }
  const std::string digest = wanted.substr(wanted.rfind('@') + 1);
  if (Digest::parse(digest)) {
    const auto meant = distinct(images, [&](const NamedImage& image) { return image.id == digest; });
    if (!meant.empty()) return meant.front();
    return Error(ErrorCode::not_found, where + " holds no image " + digest + "; it holds " + list(images, all, where));
  }
  for (const Match& match : matches(wanted)) {
    const auto meant = distinct(images, [&](const NamedImage& image) { return std::ranges::any_of(image.names, match); });
    if (meant.size() == 1) return meant.front();
    if (meant.empty()) continue;
    return Error(ErrorCode::invalid_argument, where + " holds " + std::to_string(meant.size()) + " images that " +
                                                  landwaiter::quoted(wanted) + " may mean: " + list(images, meant, where));
  }
  return Error(ErrorCode::not_found, where + " holds no image " + landwaiter::quoted(wanted) + "; it holds " + list(images, all, where));
}

LocalName split_local_name(std::string_view text) {
  if (text == "-" || text.starts_with("-:") || text.starts_with("-@"))
    return {"-", std::string(text.substr(std::min<std::size_t>(2, text.size())))};
  if (is_there(text)) return {std::string(text), ""};
  for (std::size_t at = text.find_last_of(":@"); at != std::string_view::npos && at > 0; at = text.find_last_of(":@", at - 1)) {
    const std::string_view name = text.substr(at + 1);
    const bool may_end = text[at] == ':' || Digest::parse(name);
    if (may_end && is_there(text.substr(0, at))) return {std::string(text.substr(0, at)), std::string(name)};
  }
  // Nothing is there; what is probably meant goes into the message.
  const std::size_t slash = text.rfind('/', text.find(':'));
  const std::size_t colon = text.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon == std::string_view::npos) return {std::string(text), ""};
  return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

std::string prefix_for(const std::string& path) {
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown)) return is_there(std::filesystem::path(path) / "index.json") ? "oci:" : "";
  if (!std::filesystem::is_regular_file(path, unknown)) return "";
  const auto tar = TarFile::open(path);
  if (!tar) return "";
  if (tar->contains("manifest.json")) return "docker-archive:";
  return tar->contains("index.json") ? "oci-archive:" : "";
}

}  // namespace landwaiter::registry
