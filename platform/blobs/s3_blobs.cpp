// SPDX-License-Identifier: Apache-2.0
// Amazon Simple Storage Service API Reference: PutObject, GetObject, DeleteObject, ListObjectsV2, "Error responses".
#include "platform/blobs/s3_blobs.hpp"

#include "core/base/async.hpp"
#include "core/base/digest.hpp"
#include "core/base/text.hpp"
#include "registry/http/retry.hpp"
#include "registry/http/status_error.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <thread>
#include <utility>

namespace landwaiter::platform {
namespace {

using registry::AwsRequest;
using registry::HttpResponse;
using registry::HttpUrl;

/// A page of a listing has at most 1,000 names, of at most 1,024 bytes each, and what surrounds them.
constexpr std::uint64_t kListBytesMax = 4U << 20U;
/// 1,000 names each: far more than a 256th of the reports of any fleet.
constexpr std::size_t kPagesMax = 10'000;

struct Asked {
  std::string method;
  std::string target;
  Secret body;
  std::uint64_t answer_bytes_max = limits::error_body_bytes_max;
};

struct Answered {
  int status = 0;
  std::string body;
};

/// The text of the first such element behind `from`, which is moved behind it. The answers have no attributes and no comments.
std::optional<std::string> element(std::string_view xml, std::string_view name, std::size_t& from) {
  const std::string opening = "<" + std::string(name) + ">";
  const std::size_t begin = xml.find(opening, from);
  const std::size_t end = begin == std::string_view::npos ? begin : xml.find("</", begin);
  if (end == std::string_view::npos) return std::nullopt;
  from = end;
  std::string text(xml.substr(begin + opening.size(), end - begin - opening.size()));
  constexpr std::array<std::pair<std::string_view, char>, 5> kNamed{
      {{"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}}};
  for (const auto& [spelled, c] : kNamed) {
    for (std::size_t at = text.find(spelled); at != std::string::npos; at = text.find(spelled, at + 1))
      text.replace(at, spelled.size(), 1, c);
  }
  return text;
}

std::string first_element(std::string_view xml, std::string_view name) {
  std::size_t from = 0;
  return element(xml, name, from).value_or("");
}

/// What to do, where the code says it.
std::string_view advice(const std::string& code) {
  if (code == "NoSuchBucket") return "; make the bucket, or name another";
  if (code == "AccessDenied") return "; the key needs s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket here";
  if (code == "InvalidAccessKeyId" || code == "SignatureDoesNotMatch") return "; check the access key and its secret";
  if (code == "RequestTimeTooSkewed") return "; set this machine's clock";
  if (code == "AuthorizationHeaderMalformed" || code == "PermanentRedirect") return "; check the region and the endpoint";
  return {};
}

class S3Blobs final : public BlobStore {
 public:
  S3Blobs(S3Options options, const Clock& clock)
      : options_(std::move(options)),
        clock_(clock),
        place_("s3://" + options_.bucket + (options_.prefix.empty() ? "" : "/" + options_.prefix.substr(0, options_.prefix.size() - 1))),
        work_(asio::make_work_guard(io_)),
        transport_(registry::make_transport(io_.get_executor(), options_.transport)),
        retry_(transport_->throttle(), clock),
        thread_([this] { io_.run(); }) {}

  ~S3Blobs() override {
    work_.reset();
    io_.stop();
    thread_.join();
  }

  const std::string& place() const override { return place_; }

 private:
  Result<void> write(const std::string& name, ByteView bytes) override {
    const auto answer = ask({"PUT", object(name), Secret(std::string(as_text(bytes)))}, name);
    if (!answer) return answer.error();
    return {};
  }

  Result<Bytes> read(const std::string& name) override {
    auto answer = ask({"GET", object(name), Secret(), kBlobBytesMax}, name);
    if (!answer) return answer.error();
    const ByteView bytes = as_bytes(answer->body);
    return Bytes(bytes.begin(), bytes.end());
  }

  Result<void> erase(const std::string& name) override {
    const auto answer = ask({"DELETE", object(name), Secret()}, name);
    if (!answer && answer.error().code() != ErrorCode::not_found) return answer.error();
    return {};
  }

  Result<std::vector<BlobFacts>> names(const std::string& two_digits) override {
    std::vector<BlobFacts> out;
    std::string after;
    for (std::size_t page = 0; page < kPagesMax; ++page) {
      const std::string query = (after.empty() ? "" : "continuation-token=" + registry::percent_encoded(after) + "&") +
                                "list-type=2&prefix=" + registry::percent_encoded(options_.prefix + two_digits + "/");
      const auto answer = ask({"GET", bucket() + "?" + query, Secret(), kListBytesMax}, "the list of reports");
      if (!answer) return answer.error();
      read_page(answer->body, out);
      after = first_element(answer->body, "NextContinuationToken");
      if (first_element(answer->body, "IsTruncated") != "true" || after.empty()) return out;
    }
    return Error(ErrorCode::limit_exceeded, place_ + ": has too many objects");
  }

  void read_page(std::string_view xml, std::vector<BlobFacts>& out) const {
    for (std::size_t at = 0;;) {
      const auto key = element(xml, "Key", at);
      const auto written = key ? element(xml, "LastModified", at) : std::nullopt;
      if (!written) return;
      const auto time = from_rfc3339(*written);
      if (!time || !key->starts_with(options_.prefix)) continue;
      const std::string name = key->substr(options_.prefix.size());
      if (is_blob_name(name)) out.push_back({name, *time});
    }
  }

  /// "/", or "/bucket" where the host does not name it.
  std::string bucket() const {
    std::string path = options_.endpoint.path();
    if (!path.ends_with('/')) path += '/';
    return options_.path_style ? path + options_.bucket : path;
  }
  std::string object(const std::string& name) const {
    const std::string path = bucket();
    return path + (path.ends_with('/') ? "" : "/") + options_.prefix + name;
  }

  Result<Answered> ask(Asked asked, const std::string& subject) {
    return asio::co_spawn(io_, perform(std::move(asked), subject), asio::use_future).get();
  }

  Awaitable<Answered> perform(Asked asked, std::string subject) {
    const std::string host = options_.endpoint.host;
    for (std::size_t number = 1;; ++number) {
      auto waited = co_await retry_.turn(host);
      if (!waited) co_return waited.error().with_context(place_);
      auto answer = co_await attempt(asked, subject);
      if (answer || number >= limits::request_attempts_max) co_return answer;
      auto again = co_await retry_.back_off(host, answer.error(), number);
      if (!again) co_return again.error();
    }
  }

  Awaitable<Answered> attempt(Asked asked, std::string subject) {
    registry::HttpRequest request = signed_request(asked);
    auto response = co_await transport_->send(std::move(request));
    if (!response) co_return response.error().with_context(place_);
    Answered out;
    out.status = (*response)->status();
    const bool good = out.status == 200 || out.status == 204;
    auto body = co_await registry::read_body(**response, good ? asked.answer_bytes_max : limits::error_body_bytes_max);
    if (!good) co_return refused(**response, body ? *body : std::string(), subject);
    if (!body) co_return body.error().with_context(place_);
    out.body = *std::move(body);
    co_return out;
  }

  registry::HttpRequest signed_request(const Asked& asked) const {
    AwsRequest to_sign;
    to_sign.method = asked.method;
    to_sign.url = options_.endpoint;
    if (!options_.path_style) to_sign.url.host = options_.bucket + "." + to_sign.url.host;
    to_sign.url.target = asked.target;
    to_sign.body = asked.body;
    to_sign.region = options_.region;
    to_sign.service = "s3";
    to_sign.headers = {{"x-amz-content-sha256", std::string(Digest::sha256_of(as_bytes(asked.body.reveal())).hex())}};
    registry::HttpRequest out;
    out.headers = to_sign.headers;
    const Secret& session = options_.keys.session_token;
    if (!session.empty()) {
      to_sign.headers.push_back({"x-amz-security-token", session.reveal()});
      out.secret_headers.push_back({"x-amz-security-token", session});
    }
    const registry::AwsSignature signature = registry::sign(to_sign, options_.keys, clock_.now());
    out.method = asked.method;
    out.url = to_sign.url.str();
    out.headers.push_back({"x-amz-date", signature.amz_date});
    out.secret_headers.push_back({"Authorization", signature.authorization});
    out.body = asked.body;
    return out;
  }

  Error refused(const HttpResponse& response, const std::string& body, const std::string& subject) const {
    const std::string code = first_element(body, "Code");
    std::string text =
        place_ + ": " + registry::name_of_status(response.status()) + " from " + options_.endpoint.authority() + " for " + subject;
    if (!code.empty()) text += ": " + landwaiter::quoted(code + ": " + first_element(body, "Message"), 200);
    if (const auto region = response.header("x-amz-bucket-region"); region && *region != options_.region) {
      text += "; the bucket is in the region " + landwaiter::quoted(*region, 40) + ", not in " + options_.region;
    } else {
      text += advice(code);
    }
    // A bucket that is not there is no missing blob: nothing would be found there.
    const ErrorCode meant = code == "NoSuchBucket" ? ErrorCode::configuration : registry::code_of_status(response.status());
    Error out(meant, std::move(text));
    registry::set_retry_after(out, response, clock_.now(), body);
    return out;
  }

  S3Options options_;
  const Clock& clock_;
  std::string place_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::shared_ptr<registry::Transport> transport_;
  registry::Retry retry_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<BlobStore> make_s3_blobs(S3Options options, const Clock& clock) {
  return std::make_unique<S3Blobs>(std::move(options), clock);
}

}  // namespace landwaiter::platform
