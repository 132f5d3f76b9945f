// SPDX-License-Identifier: Apache-2.0
#include "platform/blobs/blob_place.hpp"

#include "core/base/text.hpp"
#include "core/os/files.hpp"
#include "platform/blobs/folder_blobs.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace landwaiter::platform {
namespace {

using registry::AwsKeys;
using registry::HttpUrl;

constexpr std::string_view kScheme = "s3://";
constexpr std::size_t kCredentialsBytesMax = 64U << 10U;  // dozens of sections

Error wrong(const std::string& place, const std::string& what) {
  return {ErrorCode::configuration, "--reports " + landwaiter::quoted(place) + ": " + what};
}

/// AWS's rules for buckets, and a prefix that needs no encoding in a path.
bool is_bucket(std::string_view name) {
  return name.size() >= 3 && name.size() <= 63 &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-'; });
}

bool is_prefix(std::string_view name) {
  return name.size() <= 512 && name.find("..") == std::string_view::npos && name.find("//") == std::string_view::npos &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("/._-").find(c) != std::string_view::npos;
         });
}

bool is_region(std::string_view name) {
  return !name.empty() && name.size() <= 40 &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; });
}

Result<void> read_setting(const std::string& place, std::string_view setting, S3Options& out, std::string& endpoint) {
  const std::size_t equal = setting.find('=');
  const std::string_view name = setting.substr(0, equal);
  const std::string value(equal == std::string_view::npos ? "" : setting.substr(equal + 1));
  if (name == "endpoint") {
    endpoint = value;
    return {};
  }
  if (name == "region" && is_region(value)) {
    out.region = value;
    return {};
  }
  if (name == "style" && (value == "path" || value == "host")) {
    out.path_style = value == "path";
    return {};
  }
  return wrong(place, landwaiter::quoted(std::string(setting)) + " is not endpoint=URL, region=NAME, style=path or style=host");
}

Result<AwsKeys> keys_of_environment(const VariableLookup& variables) {
  AwsKeys out;
  out.access_key_id = variables("AWS_ACCESS_KEY_ID").value_or("");
  out.secret_access_key = Secret(variables("AWS_SECRET_ACCESS_KEY").value_or(""));
  out.session_token = Secret(variables("AWS_SESSION_TOKEN").value_or(""));
  if (!out.access_key_id.empty() && !out.secret_access_key.empty()) return out;
  return Error(ErrorCode::configuration,
               "the reports' bucket needs a key: name a file with --reports-credentials, or set AWS_ACCESS_KEY_ID "
               "and AWS_SECRET_ACCESS_KEY");
}

Result<AwsKeys> find_keys(const BlobOptions& options, const VariableLookup& variables) {
  if (options.credentials_file.empty()) return keys_of_environment(variables);
  const auto text = read_private_file(options.credentials_file, kCredentialsBytesMax);
  if (!text) return Error(ErrorCode::configuration, text.error().message());
  auto keys = parse_aws_credentials(*text, variables("AWS_PROFILE").value_or("default"));
  if (!keys) return keys.error().with_context(options.credentials_file);
  return keys;
}

Result<std::unique_ptr<BlobStore>> open_s3(const BlobOptions& options, const VariableLookup& variables, const Clock& clock) {
  auto s3 = parse_s3_place(options.place, variables);
  if (!s3) return s3.error();
  auto keys = find_keys(options, variables);
  if (!keys) return keys.error();
  s3->keys = *std::move(keys);
  auto proxies = registry::ProxyRules::of_environment(variables, std::nullopt);
  if (!proxies) return proxies.error();
  s3->transport.proxies = *std::move(proxies);
  s3->transport.tls.ca_file = options.ca_file;
  return make_s3_blobs(*std::move(s3), clock);
}

}  // namespace

Result<S3Options> parse_s3_place(const std::string& place, const VariableLookup& variables) {
  S3Options out;
  const std::size_t mark = place.find('?');
  const std::string_view path = std::string_view(place).substr(0, mark).substr(kScheme.size());
  const std::size_t slash = path.find('/');
  out.bucket = path.substr(0, slash);
  if (slash != std::string_view::npos) out.prefix = path.substr(slash + 1);
  if (!is_bucket(out.bucket)) return wrong(place, "it must be s3://BUCKET or s3://BUCKET/PREFIX");
  if (!is_prefix(out.prefix)) return wrong(place, "a prefix has letters, digits, and . _ - / between names");
  if (!out.prefix.empty() && !out.prefix.ends_with('/')) out.prefix += '/';
  out.region = variables("AWS_REGION").value_or("us-east-1");
  if (!is_region(out.region)) return Error(ErrorCode::configuration, "AWS_REGION is not the name of a region");
  std::string endpoint;
  // Servers other than AWS's rarely have a name for each bucket.
  const std::string_view settings = mark == std::string::npos ? "" : std::string_view(place).substr(mark + 1);
  out.path_style = settings.find("endpoint=") != std::string_view::npos;
  for (std::size_t at = 0; at < settings.size();) {
    const std::size_t end = std::min(settings.find('&', at), settings.size());
    auto read = read_setting(place, settings.substr(at, end - at), out, endpoint);
    if (!read) return read.error();
    at = end + 1;
  }
  auto url = HttpUrl::parse(endpoint.empty() ? "https://s3." + out.region + ".amazonaws.com" : endpoint);
  if (!url || url->target.find('?') != std::string::npos) return wrong(place, "its endpoint must be an https:// or http:// address");
  out.endpoint = *std::move(url);
  return out;
}

Result<AwsKeys> parse_aws_credentials(const Secret& text, const std::string& section) {
  AwsKeys out;
  bool here = false;
  const std::string_view all = text.reveal();
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find('\n', at), all.size());
    const std::string_view line = trim(all.substr(at, end - at));
    at = end + 1;
    if (line.starts_with('[')) here = line == "[" + section + "]";
    const std::size_t equal = line.find('=');
    if (!here || line.starts_with('#') || equal == std::string_view::npos) continue;
    const std::string_view name = trim(line.substr(0, equal));
    const std::string value(trim(line.substr(equal + 1)));
    if (name == "aws_access_key_id") out.access_key_id = value;
    if (name == "aws_secret_access_key") out.secret_access_key = Secret(value);
    if (name == "aws_session_token") out.session_token = Secret(value);
  }
  if (!out.access_key_id.empty() && !out.secret_access_key.empty()) return out;
  return Error(ErrorCode::configuration, "has no aws_access_key_id and aws_secret_access_key in its section [" + section + "]");
}

Result<std::unique_ptr<BlobStore>> open_blob_store(const BlobOptions& options, const VariableLookup& variables, const Clock& clock) {
  if (options.place == "row") return std::unique_ptr<BlobStore>();
  if (options.place.starts_with(kScheme)) return open_s3(options, variables, clock);
  if (options.place.find('/') != std::string::npos && options.place.find("://") == std::string::npos)
    return open_folder_blobs(options.place);
  return wrong(options.place, "it must be row, a folder (with a slash in it), or s3://BUCKET/PREFIX");
}

}  // namespace landwaiter::platform
