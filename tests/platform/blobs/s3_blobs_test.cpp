// SPDX-License-Identifier: Apache-2.0
#include "platform/blobs/s3_blobs.hpp"

#include "platform/blobs/blob_place.hpp"
#include "tests/platform/support/bucket_server.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"
#include "tests/support/test_authority.hpp"

#include <array>
#include <cstdlib>
#include <thread>

namespace landwaiter::test {
namespace {

const Bytes kBytes{1, 2, 3, 0, 255};

std::optional<std::string> no_variable(const std::string&) { return std::nullopt; }

/// The error of a put to a bucket that always answers so.
Error refused_by(const ScriptedResponse& answer) {
  const BucketServer server([answer](const ScriptedRequest&) { return std::optional(answer); });
  const auto put = server.open("p")->put(kBytes);
  return put ? Error() : put.error();
}

}  // namespace

TEST_CASE("S3: what passes is tried again, what does not is told with what to do") {
  std::size_t failures = 0;
  const BucketServer server([&](const ScriptedRequest& request) -> std::optional<ScriptedResponse> {
    if (request.number % 3 == 0) return std::nullopt;
    ++failures;
    return request.number % 3 == 1 ? s3_error(503, "SlowDown") : ScriptedResponse{.hang_up = true};
  });
  const auto blobs = server.open("p");
  const auto name = blobs->put(kBytes);
  REQUIRE(name.has_value());
  CHECK(blobs->get(*name).value() == kBytes);
  CHECK(failures == 4);

  const Error denied = refused_by(s3_error(403, "AccessDenied"));
  CHECK(denied.code() == ErrorCode::forbidden);
  CHECK(denied.message().find("s3://reports/p: 403 Forbidden from 127.0.0.1:") == 0);
  CHECK(denied.message().find("AccessDenied: It says \"no\"") != std::string::npos);
  CHECK(denied.message().find("needs s3:GetObject") != std::string::npos);
  CHECK(refused_by(s3_error(403, "SignatureDoesNotMatch")).message().find("check the access key") != std::string::npos);
  const Error no_bucket = refused_by(s3_error(404, "NoSuchBucket"));
  CHECK(no_bucket.code() == ErrorCode::configuration);
  CHECK(no_bucket.message().find("make the bucket") != std::string::npos);
  ScriptedResponse elsewhere = s3_error(301, "PermanentRedirect");
  elsewhere.headers.emplace_back("x-amz-bucket-region", "us-west-2");
  CHECK(refused_by(elsewhere).message().find("in the region \"us-west-2\", not in eu-test-1") != std::string::npos);
  // A page of somebody who is no S3 at all.
  CHECK(refused_by({.status = 404, .body = "<html>" + std::string(100'000, 'x')}).code() == ErrorCode::not_found);
}

TEST_CASE("S3: an answer that is too large, or other bytes, is no report") {
  const BucketServer large(
      [](const ScriptedRequest&) { return std::optional(ScriptedResponse{.content_length = platform::kBlobBytesMax + 1}); });
  CHECK(large.open("p")->get(platform::blob_name(kBytes)).error().code() == ErrorCode::limit_exceeded);
  const BucketServer other([](const ScriptedRequest&) { return std::optional(ScriptedResponse{.body = "something else"}); });
  CHECK(other.open("p")->get(platform::blob_name(kBytes)).error().code() == ErrorCode::digest_mismatch);
  const BucketServer endless([](const ScriptedRequest&) { return std::optional(ScriptedResponse{.body = "<IsTruncated>true"}); });
  CHECK(endless.open("p")->list("ab").value().empty());
}

TEST_CASE("S3: over TLS only with an authority that is trusted; keys are nowhere in what is sent") {
  const TestAuthority authority;
  const auto files = authority.issue({"127.0.0.1"});
  ScriptedServerOptions tls_options;
  tls_options.certificate = files.certificate;
  tls_options.key = files.key;
  const ScriptedServer server([](const ScriptedRequest&) { return ScriptedResponse{}; }, tls_options);
  const BucketServer any;
  platform::S3Options options = any.options("p");
  options.endpoint = registry::HttpUrl::parse(server.url()).value();
  const RealClock clock;
  CHECK(platform::make_s3_blobs(options, clock)->put(kBytes).error().code() == ErrorCode::tls);
  options.transport.tls.ca_file = authority.ca_file();
  REQUIRE(platform::make_s3_blobs(options, clock)->put(kBytes).has_value());
  const ScriptedRequest sent = server.requests().back();
  CHECK(sent.header("x-amz-security-token") == "testsession");
  for (const auto& [name, value] : sent.headers) CHECK(value.find("testsecret") == std::string::npos);
}

TEST_CASE("S3: a place is read, and what is wrong with it is told") {
  using platform::parse_s3_place;
  const auto aws = parse_s3_place("s3://reports-1/of/us", no_variable).value();
  CHECK(aws.endpoint.str() == "https://s3.us-east-1.amazonaws.com/");
  CHECK(aws.bucket == "reports-1");
  CHECK(aws.prefix == "of/us/");
  CHECK_FALSE(aws.path_style);
  const auto own = parse_s3_place("s3://reports?endpoint=https://minio.example:9000&region=home", no_variable).value();
  CHECK(own.endpoint.str() == "https://minio.example:9000/");
  CHECK(own.region == "home");
  CHECK(own.prefix.empty());
  CHECK(own.path_style);
  CHECK_FALSE(parse_s3_place("s3://reports?endpoint=https://ceph.example&style=host", no_variable).value().path_style);
  const auto of_region = [](const std::string& name) {
    return name == "AWS_REGION" ? std::optional<std::string>("eu-west-3") : std::nullopt;
  };
  CHECK(parse_s3_place("s3://reports/", of_region).value().endpoint.host == "s3.eu-west-3.amazonaws.com");
  for (const char* bad : {"s3://", "s3://A_B", "s3://reports/../x", "s3://reports/a b", "s3://reports?region=", "s3://reports?key=x",
                          "s3://reports?endpoint=ftp://x", "s3://reports?style=both"}) {
    INFO(bad);
    const auto refused = parse_s3_place(bad, no_variable);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == ErrorCode::configuration);
  }
  const RealClock clock;
  platform::BlobOptions options{.place = "s3://reports"};
  CHECK(platform::open_blob_store(options, no_variable, clock).error().message().find("--reports-credentials") != std::string::npos);
  options.place = "row";
  CHECK(platform::open_blob_store(options, no_variable, clock).value() == nullptr);
  options.place = "wor";
  CHECK(platform::open_blob_store(options, no_variable, clock).error().message().find("must be row, a folder") != std::string::npos);
}

TEST_CASE("S3: keys from a file as AWS's tools have it") {
  const Secret text(
      "[other]\naws_access_key_id=no\n# [default]\n[default]\n aws_access_key_id = ID \naws_secret_access_key=a/b=c\r\n\n[third]\n");
  const auto keys = platform::parse_aws_credentials(text, "default").value();
  CHECK(keys.access_key_id == "ID");
  CHECK(keys.secret_access_key.equals("a/b=c"));
  CHECK(keys.session_token.empty());
  const auto none = platform::parse_aws_credentials(text, "other");
  REQUIRE_FALSE(none.has_value());
  CHECK(none.error().message().find("section [other]") != std::string::npos);
}

TEST_CASE("S3: with moto, a server that others wrote", "[moto]") {
  const char* const program = std::getenv("LANDWAITER_MOTO_SERVER");
  if (program == nullptr) {
    WARN("not run: LANDWAITER_MOTO_SERVER names no moto_server");
    return;
  }
  const std::uint16_t port = free_port();
  ProcessOptions command;
  command.argv = {program, "-H", "127.0.0.1", "-p", std::to_string(port)};
  Process server(command);
  const std::string url = "http://127.0.0.1:" + std::to_string(port);
  ProcessOptions make_bucket;
  make_bucket.argv = {"curl", "-sf", "-X", "PUT", url + "/reports"};
  for (int i = 0; i < 600 && run(make_bucket).exit_code != 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  const auto variables = [](const std::string& name) {
    return name.starts_with("AWS_") && name != "AWS_REGION" ? std::optional<std::string>("test") : std::nullopt;
  };
  const RealClock clock;
  const auto blobs = platform::open_blob_store({.place = "s3://reports/of/us?endpoint=" + url}, variables, clock).value();
  std::vector<std::string> names;
  for (std::uint8_t i = 0; i < 40; ++i) {
    const auto put = blobs->put(std::array<std::uint8_t, 2>{i, 0});
    INFO((put ? "" : put.error().message()));
    REQUIRE(put.has_value());
    names.push_back(*put);
  }
  CHECK(blobs->get(names[7]).value() == Bytes{7, 0});
  const auto listed = blobs->list(names[7].substr(0, 2));
  REQUIRE(listed.has_value());
  CHECK(std::ranges::find(*listed, names[7], &platform::BlobFacts::name) != listed->end());
  CHECK(blobs->remove(names[7]).has_value());
  CHECK(blobs->get(names[7]).error().code() == ErrorCode::not_found);
  const auto nowhere = platform::open_blob_store({.place = "s3://nowhere?endpoint=" + url}, variables, clock).value();
  CHECK(nowhere->get(names[7]).error().message().find("make the bucket") != std::string::npos);
}

}  // namespace landwaiter::test
