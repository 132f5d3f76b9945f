// SPDX-License-Identifier: Apache-2.0
// The grammar is github.com/distribution/reference, file reference.go; the defaults are those of its normalize.go.
#include "registry/client/reference.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "registry/auth/endpoint.hpp"
#include "registry/http/host.hpp"

#include <algorithm>

namespace landwaiter::registry {
namespace {

constexpr std::string_view kHub = "docker.io";
constexpr std::string_view kScheme = "docker://";
constexpr std::string_view kNoLogin = "it must not contain credentials";

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_lower(c) || is_digit(c); }

Error invalid(std::string_view text, std::string_view why) {
  return Error(ErrorCode::invalid_argument, "not an image reference: " + landwaiter::quoted(text) + ": " + std::string(why));
}

/// One '.', one or two '_', or any number of '-'.
bool is_separator(std::string_view run) {
  if (run == "." || run == "_" || run == "__") return true;
  return !run.empty() && std::ranges::all_of(run, [](char c) { return c == '-'; });
}

bool is_path_component(std::string_view text) {
  if (text.empty() || !is_word(text.front()) || !is_word(text.back())) return false;
  for (std::size_t i = 0; i < text.size();) {
    if (is_word(text[i])) {
      ++i;
      continue;
    }
    const std::size_t start = i;
    while (!is_word(text[i])) ++i;  // ends: the last character is a word character
    if (!is_separator(text.substr(start, i - start))) return false;
  }
  return true;
}

/// Whether the part before the first slash names a host (normalize.go, splitDockerDomain).
bool names_host(std::string_view first) {
  return first.find_first_of(".:") != std::string_view::npos || first == "localhost" || std::ranges::any_of(first, is_upper);
}

/// Splits HOST/ off `rest`, or supplies Docker Hub.
std::string take_host(std::string_view& rest) {
  const std::size_t slash = rest.find('/');
  std::string host(kHub);
  if (slash != std::string_view::npos && names_host(rest.substr(0, slash))) {
    host = to_lower(rest.substr(0, slash));
    if (!names_host(host)) host = rest.substr(0, slash);
    rest.remove_prefix(slash + 1);
  }
  return host;
}

bool is_image_id(std::string_view name) {
  return name.size() == 64 && std::ranges::all_of(name, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

/// `text` is what the user wrote, for messages. Without a `host`, `rest` may begin with one.
Result<Reference> read_reference(std::string_view text, std::string_view rest, std::string host) {
  if (const std::string shown = without_login(text); shown != text) return invalid(shown, kNoLogin);
  if (rest.empty()) return invalid(text, "it is empty");
  if (is_image_id(rest)) return invalid(text, "it is an image id, not a name");

  Reference out;
  if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
    auto digest = Digest::parse(rest.substr(at + 1));
    if (!digest) return invalid(text, digest.error().message());
    out.digest = *digest;
    rest = rest.substr(0, at);
  }
  // The tag is cut off before looking for the host: in "a:5000" the colon starts a tag, in "a:5000/b" a port.
  const std::size_t slash = rest.rfind('/');
  const std::size_t colon = rest.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon != std::string_view::npos) {
    out.tag = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    if (!is_tag(out.tag)) return invalid(text, "malformed tag " + landwaiter::quoted(out.tag));
  }
  out.host = host.empty() ? take_host(rest) : std::move(host);
  if (is_hub(out.host)) out.host = kHub;
  const bool official = out.host == kHub && rest.find('/') == std::string_view::npos;
  if (!is_host(out.host)) return invalid(text, "malformed host " + landwaiter::quoted(out.host));
  out.repository = (official ? "library/" : "") + std::string(rest);
  if (std::ranges::any_of(rest, is_upper)) return invalid(text, "a repository name must be lower-case");
  if (!is_repository_name(out.repository)) return invalid(text, "malformed repository name " + landwaiter::quoted(out.repository));
  if (out.tag.empty() && out.digest.empty()) out.tag = "latest";
  return out;
}

}  // namespace

std::string without_login(std::string_view text) {
  std::string_view head = text;
  const std::size_t last = text.rfind('@');
  if (last != std::string_view::npos && text.substr(last + 1).starts_with("sha")) head = text.substr(0, last);
  const std::size_t at = head.rfind('@');
  if (at == std::string_view::npos) return std::string(text);
  const std::size_t scheme = text.find("://");
  const std::size_t from = scheme != std::string_view::npos && scheme < at ? scheme + 3 : 0;
  return std::string(text.substr(0, from)) + "***" + std::string(text.substr(at));
}

bool is_repository_name(std::string_view name) {
  if (name.empty() || name.size() > limits::repository_name_bytes_max) return false;
  while (true) {
    const std::size_t slash = name.find('/');
    if (!is_path_component(name.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
}

bool is_tag(std::string_view tag) {
  const auto word = [](char c) { return is_word(c) || is_upper(c) || c == '_'; };
  if (tag.empty() || tag.size() > limits::tag_bytes_max || !word(tag.front())) return false;
  return std::ranges::all_of(tag, [&](char c) { return word(c) || c == '.' || c == '-'; });
}

Result<Reference> Reference::parse(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with(kScheme)) rest.remove_prefix(kScheme.size());
  return read_reference(text, rest, "");
}

Result<AddressedReference> AddressedReference::parse(std::string_view text) {
  AddressedReference out;
  const std::size_t end = text.find("://");
  const std::string scheme = end == std::string_view::npos ? std::string() : to_lower(text.substr(0, end));
  const bool addressed = scheme == "http" || scheme == "https";
  std::string_view rest = text;
  // A password may contain a slash.
  if (const std::string shown = without_login(text); addressed && shown != text) return invalid(shown, kNoLogin);
  if (addressed) {
    rest.remove_prefix(end + 3);
    const std::size_t slash = rest.find('/');
    if (slash == 0 || slash == std::string_view::npos || slash + 1 == rest.size())
      return invalid(text, "it lacks the repository: write " + scheme + "://HOST/REPOSITORY:TAG");
    out.address = to_lower(rest.substr(0, slash));
    rest.remove_prefix(slash + 1);
  } else if (rest.starts_with(kScheme)) {
    rest.remove_prefix(kScheme.size());
  }
  auto reference = read_reference(text, rest, out.address);
  if (!reference) return reference.error();
  out.reference = *std::move(reference);
  out.address = addressed ? scheme + "://" + out.reference.host : out.reference.host;
  return out;
}

std::string Reference::str() const {
  std::string out = host + '/' + repository;
  if (!tag.empty()) out += ':' + tag;
  if (!digest.empty()) out += '@' + digest.str();
  return out;
}

std::string Reference::manifest_reference() const { return digest.empty() ? tag : digest.str(); }

}  // namespace landwaiter::registry
