// SPDX-License-Identifier: Apache-2.0
// The examples that AWS publishes: "get-vanilla" of the Signature Version 4 test suite, and ListUsers of the signing documentation.
#include "registry/auth/aws_signature.hpp"

#include "core/base/digest.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace landwaiter::registry;

namespace {

const AwsKeys kKeys{"AKIDEXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), Secret()};
const SystemTime kNow = from_rfc3339("2015-08-30T12:36:00Z").value();

AwsRequest get(const std::string& url, const std::string& service) {
  AwsRequest out;
  out.method = "GET";
  out.url = HttpUrl::parse(url).value();
  out.region = "us-east-1";
  out.service = service;
  return out;
}

}  // namespace

TEST_CASE("SigV4: get-vanilla of the published test suite", "[aws]") {
  const AwsSignature got = sign(get("https://example.amazonaws.com/", "service"), kKeys, kNow);
  CHECK(got.canonical_request ==
        "GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(got.string_to_sign ==
        "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/service/aws4_request\n"
        "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63");
  CHECK(got.authorization.equals(
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, "
      "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"));
}

TEST_CASE("SigV4: ListUsers of the signing documentation", "[aws]") {
  AwsRequest request = get("https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08", "iam");
  request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"});
  const AwsSignature got = sign(request, kKeys, kNow);
  CHECK(
      got.canonical_request ==
      "GET\n/\nAction=ListUsers&Version=2010-05-08\ncontent-type:application/x-www-form-urlencoded; charset=utf-8\nhost:iam.amazonaws.com\n"
      "x-amz-date:20150830T123600Z\n\ncontent-type;host;x-amz-date\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(Digest::sha256_of(as_bytes(got.canonical_request)).hex() == "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59");
  CHECK(
      got.authorization.equals("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
                               "SignedHeaders=content-type;host;x-amz-date, "
                               "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"));
}

TEST_CASE("SigV4: parameters are sorted and encoded, header values trimmed, the port is part of the host", "[aws]") {
  AwsRequest request = get("https://example.amazonaws.com:8443/?b=2&a=y&a=x%20y&c", "service");
  request.headers.push_back({"X-Amz-Meta", "  a   b "});
  const AwsSignature got = sign(request, kKeys, kNow);
  CHECK(got.canonical_request.starts_with(
      "GET\n/\na=x%20y&a=y&b=2&c=\nhost:example.amazonaws.com:8443\nx-amz-date:20150830T123600Z\nx-amz-meta:a b\n\n"));
}

// "Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk", Amazon S3 API Reference.
TEST_CASE("SigV4: the examples of S3's reference", "[aws]") {
  const AwsKeys keys{"AKIAIOSFODNN7EXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), Secret()};
  const SystemTime now = from_rfc3339("2013-05-24T00:00:00Z").value();
  struct Example {
    std::string method;
    std::string target;
    std::vector<Header> headers;
    std::string body;
    std::string signature;
  };
  const std::vector<Example> examples{
      {"GET", "/test.txt", {{"Range", "bytes=0-9"}}, "", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
      {"PUT",
       "/test%24file.text",
       {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
       "Welcome to Amazon S3.",
       "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
      {"GET", "/?lifecycle", {}, "", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
      {"GET", "/?max-keys=2&prefix=J", {}, "", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
  };
  for (const Example& example : examples) {
    INFO(example.method << " " << example.target);
    AwsRequest request;
    request.method = example.method;
    request.url = HttpUrl::parse("https://examplebucket.s3.amazonaws.com/").value();
    request.url.target = example.target;
    request.headers = example.headers;
    request.headers.push_back({"x-amz-content-sha256", std::string(Digest::sha256_of(as_bytes(example.body)).hex())});
    request.body = Secret(example.body);
    request.region = "us-east-1";
    request.service = "s3";
    CHECK(sign(request, keys, now).authorization.reveal().ends_with("Signature=" + example.signature));
  }
}
