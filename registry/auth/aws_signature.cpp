// SPDX-License-Identifier: Apache-2.0
#include "registry/auth/aws_signature.hpp"

#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "core/base/text.hpp"
#include "registry/http/form.hpp"

#include <openssl/hmac.h>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <stdexcept>

namespace landwaiter::registry {
namespace {

std::string sha256_hex(std::string_view text) { return std::string(Digest::sha256_of(as_bytes(text)).hex()); }

/// The key and the result are key material until the last step.
Secret hmac(const Secret& key, std::string_view text) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  const std::string& bytes = key.reveal();
  const auto* input = reinterpret_cast<const unsigned char*>(text.data());
  auto* output = reinterpret_cast<unsigned char*>(out.data());
  if (HMAC(EVP_sha256(), bytes.data(), static_cast<int>(bytes.size()), input, text.size(), output, &size) == nullptr) {
    throw std::runtime_error("HMAC-SHA256 failed");
  }
  const Secret code(out.substr(0, size));
  wipe(out);
  return code;
}

std::string number(unsigned value, std::size_t digits) {
  std::string out = std::to_string(value);
  return out.size() < digits ? std::string(digits - out.size(), '0') + out : out;
}

/// "20150830T123600Z"
std::string amz_date(SystemTime now) {
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(now - day));
  return number(static_cast<unsigned>(static_cast<int>(date.year())), 4) + number(static_cast<unsigned>(date.month()), 2) +
         number(static_cast<unsigned>(date.day()), 2) + 'T' + number(static_cast<unsigned>(time.hours().count()), 2) +
         number(static_cast<unsigned>(time.minutes().count()), 2) + number(static_cast<unsigned>(time.seconds().count()), 2) + 'Z';
}

/// Parameters sorted by their encoded name, then value.
std::string canonical_query(const HttpUrl& url) {
  const std::size_t mark = url.target.find('?');
  if (mark == std::string::npos) return {};
  const auto view = boost::urls::parse_origin_form(url.target);
  if (view.has_error()) return {};
  std::vector<std::pair<std::string, std::string>> parameters;
  for (const auto& parameter : view->params()) {
    parameters.emplace_back(percent_encoded(std::string(parameter.key)), percent_encoded(std::string(parameter.value)));
  }
  std::ranges::sort(parameters);
  std::string out;
  for (const auto& [name, value] : parameters) out += (out.empty() ? "" : "&") + name + '=' + value;
  return out;
}

std::string one_space(std::string_view value) {
  std::string out;
  for (const char c : trim(value)) {
    if (c != ' ' || !out.ends_with(' ')) out += c;
  }
  return out;
}

struct CanonicalHeaders {
  std::string lines;
  std::string names;
};

CanonicalHeaders canonical_headers(const AwsRequest& request, const std::string& date) {
  std::vector<std::pair<std::string, std::string>> headers{{"host", request.url.authority()}, {"x-amz-date", date}};
  for (const Header& header : request.headers) headers.emplace_back(to_lower(header.name), one_space(header.value));
  std::ranges::sort(headers);
  CanonicalHeaders out;
  for (const auto& [name, value] : headers) {
    out.lines += name + ':' + value + '\n';
    out.names += (out.names.empty() ? "" : ";") + name;
  }
  return out;
}

}  // namespace

AwsSignature sign(const AwsRequest& request, const AwsKeys& keys, SystemTime now) {
  AwsSignature out;
  out.amz_date = amz_date(now);
  const CanonicalHeaders headers = canonical_headers(request, out.amz_date);
  out.canonical_request = request.method + '\n' + request.url.path() + '\n' + canonical_query(request.url) + '\n' + headers.lines + '\n' +
                          headers.names + '\n' + sha256_hex(request.body.reveal());
  const std::string day = out.amz_date.substr(0, 8);
  const std::string scope = day + '/' + request.region + '/' + request.service + "/aws4_request";
  out.string_to_sign = "AWS4-HMAC-SHA256\n" + out.amz_date + '\n' + scope + '\n' + sha256_hex(out.canonical_request);
  Secret key = concat({"AWS4", keys.secret_access_key.reveal()});
  for (const std::string_view step :
       {std::string_view(day), std::string_view(request.region), std::string_view(request.service), std::string_view("aws4_request")}) {
    key = hmac(key, step);
  }
  const Secret code = hmac(key, out.string_to_sign);
  out.authorization = Secret("AWS4-HMAC-SHA256 Credential=" + keys.access_key_id + '/' + scope + ", SignedHeaders=" + headers.names +
                             ", Signature=" + hex_encode(as_bytes(code.reveal())));
  return out;
}

}  // namespace landwaiter::registry
