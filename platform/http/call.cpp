// SPDX-License-Identifier: Apache-2.0
#include "platform/http/call.hpp"

#include "core/base/encoding.hpp"
#include "core/base/json_reader.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "storage/compress.hpp"

#include <algorithm>
#include <charconv>

namespace landwaiter::platform {
namespace {

using nlohmann::json;

constexpr std::size_t kSecretBytesMax = 16 * 1024;
/// How much more than its own bytes a compressed body may expand to, beyond what any may: a report of one finding in a thousand places
/// expands to some 60 times its bytes, and a few kilobytes must not cost the memory of the largest report.
constexpr std::uint64_t kExpansionMax = 500;
constexpr std::uint64_t kExpandedFree = 1 << 20;

Error wrong_type(const char* name, std::string_view wanted) {
  return {ErrorCode::invalid_argument, "field " + std::string(name) + " must be " + std::string(wanted)};
}

/// A route says how large its bodies are; the values in them follow from that.
const JsonLimits& json_limits(std::uint64_t body_bytes_max) {
  if (body_bytes_max <= kJsonRequest.bytes) return kJsonRequest;
  return body_bytes_max <= kJsonInventory.bytes ? kJsonInventory : kJsonReport;
}

/// Of what a list was asked for, pages apart: a page token is of use for the same list only.
Bytes list_mark(const Call& call) {
  constexpr std::size_t kMarkBytes = 6;
  std::string asked = call.request.path;
  for (const auto& [name, value] : call.request.query) {
    if (name != "page_token" && name != "page_size") asked.append("\n").append(name).append("=").append(value);
  }
  Hasher hasher(Digest::Algorithm::sha256);
  hasher.update(as_bytes(asked));
  Bytes mark = hex_decode(hasher.finish().hex()).value_or(Bytes());
  mark.resize(kMarkBytes);
  return mark;
}

bool absent(const json& object, const char* name) { return !object.contains(name) || object[name].is_null(); }

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

/// C0, DEL and C1; the parser has accepted valid UTF-8 only.
bool has_controls(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    if (byte == 0xc2 && i + 1 < text.size() && static_cast<std::uint8_t>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

/// What an honest sensor sends is printable already, and stays as it is.
void make_printable(json& value) {
  if (value.is_string()) {
    auto& text = value.get_ref<std::string&>();
    if (has_controls(text)) text = printable(text);
  } else if (value.is_array()) {
    for (json& entry : value) make_printable(entry);
  } else if (value.is_object()) {
    auto& members = value.get_ref<json::object_t&>();
    for (auto& [name, member] : members) make_printable(member);
    for (auto at = members.begin(); at != members.end();) {
      const auto member = at++;
      if (!has_controls(member->first)) continue;
      auto node = members.extract(member);
      node.key() = printable(node.key());
      members.insert(std::move(node));
    }
  }
}

}  // namespace

std::string Call::query(const std::string& name) const {
  const auto found = request.query.find(name);
  return found == request.query.end() ? std::string() : found->second;
}

Result<std::size_t> Call::page_size() const {
  const std::string text = query("page_size");
  if (text.empty()) return std::size_t{100};
  const auto size = parse_number(text);
  if (!size || *size < 1 || *size > static_cast<std::int64_t>(limits::api_page_size_max)) {
    return Error(ErrorCode::invalid_argument, "page_size must be a number from 1 to " + std::to_string(limits::api_page_size_max));
  }
  return static_cast<std::size_t>(*size);
}

Result<std::string> Call::page_token() const {
  const auto bytes = base64url_decode(query("page_token"));
  if (bytes && bytes->empty()) return std::string();
  const Bytes mark = list_mark(*this);
  if (!bytes || bytes->size() < mark.size() || !std::equal(mark.begin(), mark.end(), bytes->begin())) {
    return Error(ErrorCode::invalid_argument, "page_token is not one of this list with these filters; leave it out to begin again");
  }
  return std::string(as_text(ByteView(*bytes).subspan(mark.size())));
}

Result<std::int64_t> Call::page_number() const {
  const auto token = page_token();
  if (!token) return token.error();
  if (token->empty()) return std::int64_t{0};
  const auto number = parse_number(*token);
  if (!number) return Error(ErrorCode::invalid_argument, "page_token is not one of this list");
  return *number;
}

Result<Digest> Call::digest(const char* parameter_name) const {
  auto digest = Digest::parse(parameter(parameter_name));
  if (!digest) return Error(ErrorCode::invalid_argument, std::string(parameter_name) + " in the path is not a digest");
  return digest;
}

Result<std::string> decoded_body(const Request& request, std::uint64_t bytes_max) {
  const std::string encoding = to_lower(request.header("content-encoding"));
  if (encoding.empty() || encoding == "identity") return std::string(request.body);
  if (encoding != "zstd") return Error(ErrorCode::unsupported, "Content-Encoding must be zstd or identity");
  const std::uint64_t most = std::min(std::max(kExpandedFree, kExpansionMax * request.body.size()), bytes_max);
  // Few are decoded at once, but what is made of them waits in memory for its turn.
  if (request.share && !request.share->resize(request.body.size() + most))
    return Error(ErrorCode::unavailable, "too many large requests at once");
  auto text = storage::zstd_decompress(as_bytes(request.body), most);
  if (request.share) request.share->resize(request.body.size() + (text ? text->size() : 0));
  if (!text) return text.error().with_context("the request's body");
  return text;
}

Result<json> Call::body_json() const {
  if (document != nullptr) return *document;
  const bool encoded = !request.header("content-encoding").empty();
  const JsonLimits& most = json_limits(decoded_body_bytes_max);
  auto text = encoded ? decoded_body(request, decoded_body_bytes_max) : Result<std::string>(std::string());
  if (!text) return text.error();
  auto document = parse_json(encoded ? std::string_view(*text) : std::string_view(request.body), "the request's body", most);
  wipe(*text);
  if (document && (who.may.has(Permission::sense) || who.may.has(Permission::enroll))) make_printable(*document);
  return document;
}

Response page_response(const Call& call, json list) {
  if (const std::string next = list.value("next_page_token", ""); !next.empty()) {
    Bytes token = list_mark(call);
    token.insert(token.end(), next.begin(), next.end());
    list["next_page_token"] = base64url_encode(token);
  }
  return json_response(list);
}

Result<std::string> optional_text(const json& object, const char* name, std::size_t bytes_max) {
  if (absent(object, name)) return std::string();
  if (!object[name].is_string()) return wrong_type(name, "a text");
  const auto& text = object[name].get_ref<const std::string&>();
  if (text.size() > bytes_max) return wrong_type(name, "a string of at most " + std::to_string(bytes_max) + " bytes");
  return text;
}

Result<bool> optional_flag(const json& object, const char* name, bool otherwise) {
  if (absent(object, name)) return otherwise;
  if (!object[name].is_boolean()) return wrong_type(name, "true or false");
  return object[name].get<bool>();
}

Result<std::int64_t> optional_number(const json& object, const char* name, std::int64_t otherwise, std::int64_t min, std::int64_t max) {
  if (absent(object, name)) return otherwise;
  const std::string wanted = "a number from " + std::to_string(min) + " to " + std::to_string(max);
  if (!object[name].is_number_integer()) return wrong_type(name, wanted);
  if (object[name].is_number_unsigned() && object[name].get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
    return wrong_type(name, wanted);
  const auto number = object[name].get<std::int64_t>();
  if (number < min || number > max) return wrong_type(name, wanted);
  return number;
}

Result<std::vector<std::string>> optional_texts(const json& object, const char* name, std::size_t count_max) {
  std::vector<std::string> texts;
  if (absent(object, name)) return texts;
  if (!object[name].is_array()) return wrong_type(name, "a list of strings");
  if (object[name].size() > count_max) return wrong_type(name, "a list of at most " + std::to_string(count_max) + " texts");
  for (const json& entry : object[name]) {
    if (!entry.is_string()) return wrong_type(name, "a list of strings");
    texts.push_back(entry.get<std::string>());
  }
  return texts;
}

Result<Secret> take_secret(json& object, const char* name) {
  if (absent(object, name)) return Secret();
  if (!object[name].is_string()) return wrong_type(name, "a text");
  auto& text = object[name].get_ref<std::string&>();
  if (text.size() > kSecretBytesMax) return wrong_type(name, "a string of at most " + std::to_string(kSecretBytesMax) + " bytes");
  Secret secret(text);
  wipe(text);
  return secret;
}

}  // namespace landwaiter::platform
