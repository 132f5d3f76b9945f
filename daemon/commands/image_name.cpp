// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/image_name.hpp"

#include "core/base/nearest.hpp"
#include "core/base/text.hpp"
#include "registry/client/reference.hpp"
#include "registry/sources/image_choice.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>

namespace landwaiter::daemon {
namespace {

struct Prefix {
  std::string_view name;
  ImageKind kind;
};

constexpr std::array<Prefix, 6> kPrefixes{{
    {"oci", ImageKind::layout},
    {"oci-archive", ImageKind::oci_archive},
    {"docker-archive", ImageKind::docker_archive},
    {"dir", ImageKind::folder},
    {"docker-daemon", ImageKind::docker_daemon},
    {"containerd", ImageKind::containerd},
}};
/// Shorter ones are too near to names of images.
constexpr std::size_t kLongPrefix = 8;
constexpr std::array<std::string_view, 3> kSchemes{"docker", "https", "http"};
/// What no repository is called.
constexpr std::array<std::string_view, 8> kArchiveEndings{".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".tar.bz2", ".tbz2", ".txz"};

bool is_there(const std::string& path) {
  std::error_code unknown;
  return std::filesystem::exists(path, unknown);
}

bool is_folder(const std::string& path) {
  std::error_code unknown;
  return std::filesystem::is_directory(path, unknown);
}

bool looks_like_path(std::string_view text) {
  return text == "." || text == ".." || text.starts_with('/') || text.starts_with("./") || text.starts_with("../");
}

bool is_standard_input(std::string_view text) { return text == "-" || text.starts_with("-:") || text.starts_with("-@"); }

bool is_port(std::string_view tail) {
  const std::string_view port = tail.substr(0, tail.find('/'));
  return !port.empty() && port.size() < tail.size() && std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
}

Error refuse(const std::string& text) { return {ErrorCode::invalid_argument, text}; }

std::string shown(std::string_view text) { return landwaiter::quoted(registry::without_login(text)); }

/// A scheme that does not exist, or a prefix that was probably meant.
std::optional<Error> misspelled(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.substr(0, colon).find_first_of("/@") != std::string_view::npos) return std::nullopt;
  const std::string_view head = text.substr(0, colon);
  const std::string_view tail = text.substr(colon + 1);
  if (tail.starts_with("//")) {
    if (std::ranges::find(kSchemes, head) != kSchemes.end()) return std::nullopt;
    if (iequals(head, "file")) return refuse(shown(text) + ": name a file by its path alone");
    return refuse(shown(text) + ": images are named as docker://, https:// or http:// and the reference, not as " + printable(head) +
                  "://");
  }
  std::array<std::string_view, kPrefixes.size()> names;
  std::ranges::transform(kPrefixes, names.begin(), &Prefix::name);
  const std::string_view near = nearest(head, names);
  if (near.empty() || is_port(tail)) return std::nullopt;
  const bool certain = near.size() >= kLongPrefix || is_there(registry::split_local_name(tail).path);
  if (!certain && registry::Reference::parse(text)) return std::nullopt;
  return refuse(shown(text) + ": there is no prefix " + printable(head) + ":; did you mean " + std::string(near) + ":?");
}

/// What is not there and was hardly meant as an image of Docker Hub: a prefix alone, an archive, a registry.
std::optional<Error> no_reference(const std::string& text, bool is_reference) {
  if (text.find("://") != std::string::npos) return std::nullopt;
  const bool is_prefix = std::ranges::find(kPrefixes, text, &Prefix::name) != kPrefixes.end();
  if (is_prefix) return refuse("what is to be read? " + text + ":, and then its name; an image of that name is docker://" + text);
  const std::size_t colon = text.find(':');
  const auto ends = [&text](std::string_view ending) { return text.ends_with(ending); };
  if (std::ranges::any_of(kArchiveEndings, ends)) {
    const bool behind = colon != std::string::npos && is_there(text.substr(colon + 1));
    if (behind) return refuse(shown(text) + ": name an archive by its path alone");
    const std::string instead = is_reference ? "; an image of that name is docker://" + printable(text) : "";
    return Error(ErrorCode::not_found, "there is no file " + landwaiter::quoted(text) + instead);
  }
  const std::string host = text.substr(0, colon);
  const bool names_host = host == "localhost" || host.find('.') != std::string::npos;
  const bool has_port = colon != std::string::npos && is_port(text.substr(colon + 1) + '/');
  if (text.find('/') == std::string::npos && names_host && has_port)
    return refuse(shown(text) + " is a registry: --registry scans all of its images, " + printable(text) + "/REPOSITORY:TAG one");
  return std::nullopt;
}

/// Names without a prefix.
Result<ImageName> parse_bare(const std::string& text) {
  if (is_standard_input(text)) return ImageName{ImageKind::path, text, ""};
  const registry::LocalName named = registry::split_local_name(text);
  const bool exists = is_there(named.path);
  if (looks_like_path(text)) {
    if (exists) return ImageName{ImageKind::path, text, ""};
    return Error(ErrorCode::not_found, "there is no file or folder " + landwaiter::quoted(named.path));
  }
  const bool is_reference = text.find("://") != std::string::npos || registry::Reference::parse(text);
  // Of a folder that is no layout only the whole name is taken: beside the image shop:1.4 often lies a folder shop.
  if (exists && (named.name.empty() || !is_folder(named.path) || is_there(named.path + "/oci-layout") || !is_reference)) {
    const std::string what = is_folder(named.path) ? "folder " : "file ";
    ImageName out{ImageKind::path, text, ""};
    if (is_reference)
      out.note =
          "the " + what + landwaiter::quoted(named.path) + " is read; the image of that name in a registry is docker://" + printable(text);
    return out;
  }
  if (auto mistake = no_reference(text, is_reference)) return *mistake;
  return ImageName{ImageKind::remote, text, ""};
}

}  // namespace

Result<ImageName> parse_image_name(const std::string& text) {
  for (const Prefix& prefix : kPrefixes) {
    const std::size_t size = prefix.name.size();
    if (text.starts_with(prefix.name) && text.size() > size && text[size] == ':') return ImageName{prefix.kind, text.substr(size + 1), ""};
  }
  // What is there under exactly that name was not mistyped.
  if (!is_there(text)) {
    if (const auto mistake = misspelled(text)) return *mistake;
  }
  return parse_bare(text);
}

bool is_archive(ImageKind kind) { return kind == ImageKind::oci_archive || kind == ImageKind::docker_archive || kind == ImageKind::path; }

}  // namespace landwaiter::daemon
