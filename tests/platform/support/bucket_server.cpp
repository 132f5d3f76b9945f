// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/support/bucket_server.hpp"

#include "registry/auth/aws_signature.hpp"
#include "registry/http/form.hpp"

#include <utility>

namespace landwaiter::test {
namespace {

const std::string kRegion = "eu-test-1";

registry::AwsKeys keys() { return {"TESTKEY", Secret("testsecret"), Secret("testsession")}; }

/// Signs again what came, at the time that it names.
bool is_signed(const ScriptedRequest& request) {
  registry::AwsRequest again;
  again.method = request.method;
  const auto url = registry::HttpUrl::parse("http://" + request.header("host") + request.target);
  const std::string date = request.header("x-amz-date");
  if (!url || date.size() != 16) return false;
  again.url = *url;
  again.body = Secret(request.body);
  again.region = kRegion;
  again.service = "s3";
  again.headers = {{"x-amz-content-sha256", request.header("x-amz-content-sha256")},
                   {"x-amz-security-token", request.header("x-amz-security-token")}};
  const auto at = from_rfc3339(date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6, 2) + "T" + date.substr(9, 2) + ":" +
                               date.substr(11, 2) + ":" + date.substr(13, 2) + "Z");
  return at && registry::sign(again, keys(), *at).authorization.equals(request.header("authorization"));
}

std::string parameter(const std::string& target, const std::string& name) {
  const std::string begin = name + "=";
  std::size_t at = target.find('?');
  while (at != std::string::npos) {
    const std::size_t end = target.find('&', at + 1);
    const std::string each = target.substr(at + 1, end == std::string::npos ? end : end - at - 1);
    if (each.starts_with(begin)) {
      std::string value = each.substr(begin.size());
      for (std::size_t slash = value.find("%2F"); slash != std::string::npos; slash = value.find("%2F")) value.replace(slash, 3, "/");
      return value;
    }
    at = end;
  }
  return {};
}

}  // namespace

BucketServer::BucketServer(Fault fault)
    : fault_(std::move(fault)), server_([this](const ScriptedRequest& request) { return answer(request); }) {}

platform::S3Options BucketServer::options(const std::string& prefix) const {
  platform::S3Options out;
  out.endpoint = registry::HttpUrl::parse(server_.url()).value();
  out.bucket = "reports";
  out.prefix = prefix.empty() ? "" : prefix + "/";
  out.region = kRegion;
  out.path_style = true;
  out.keys = keys();
  return out;
}

std::unique_ptr<platform::BlobStore> BucketServer::open(const std::string& prefix) const {
  return platform::make_s3_blobs(options(prefix), clock_);
}

ScriptedResponse BucketServer::answer(const ScriptedRequest& request) {
  if (fault_) {
    if (auto instead = fault_(request)) return *std::move(instead);
  }
  if (!is_signed(request)) return s3_error(403, "SignatureDoesNotMatch");
  const std::string bucket = "/reports";
  if (request.path() == bucket && request.method == "GET") return list(request.target);
  if (!request.path().starts_with(bucket + "/")) return s3_error(404, "NoSuchBucket");
  const std::string key = request.path().substr(bucket.size() + 1);
  if (request.method == "PUT") {
    objects_[key] = request.body;
    return {};
  }
  if (request.method == "DELETE") {
    objects_.erase(key);
    return {.status = 204};
  }
  const auto found = objects_.find(key);
  return found == objects_.end() ? s3_error(404, "NoSuchKey") : ScriptedResponse{.body = found->second};
}

ScriptedResponse BucketServer::list(const std::string& target) const {
  const std::string prefix = parameter(target, "prefix");
  const std::string after = parameter(target, "continuation-token");
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult><Name>reports</Name>";
  std::size_t count = 0;
  for (auto at = after.empty() ? objects_.lower_bound(prefix) : objects_.upper_bound(after);
       at != objects_.end() && at->first.starts_with(prefix); ++at) {
    if (++count > 2) {
      const std::string last = std::prev(at)->first;
      return {.body =
                  xml + "<IsTruncated>true</IsTruncated><NextContinuationToken>" + last + "</NextContinuationToken></ListBucketResult>"};
    }
    xml += "<Contents><Key>" + at->first + "</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><Size>" +
           std::to_string(at->second.size()) + "</Size></Contents>";
  }
  return {.body = xml + "<IsTruncated>false</IsTruncated></ListBucketResult>"};
}

ScriptedResponse s3_error(int status, const std::string& code) {
  return {.status = status,
          .headers = {{"Content-Type", "application/xml"}},
          .body = "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>It says &quot;no&quot;</Message></Error>"};
}

}  // namespace landwaiter::test
