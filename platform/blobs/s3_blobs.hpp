// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/blobs/blob_store.hpp"
#include "registry/auth/aws_signature.hpp"
#include "registry/http/transport.hpp"
#include "registry/http/url.hpp"

#include <memory>
#include <string>

namespace landwaiter::platform {

struct S3Options {
  registry::HttpUrl endpoint;  ///< "https://s3.eu-central-1.amazonaws.com", or that of MinIO, Ceph ...
  std::string bucket;
  std::string prefix;  ///< before each name: empty, or with a slash at its end
  std::string region;
  bool path_style = false;  ///< https://endpoint/bucket/name instead of https://bucket.endpoint/name
  registry::AwsKeys keys;
  registry::TransportOptions transport;
};

/// Blobs as objects of a bucket, by S3's API (signature version 4). Has a thread of its own for its connections, and tries again what
/// passes: 5xx, 429 and broken connections. Asks nothing before the first call.
std::unique_ptr<BlobStore> make_s3_blobs(S3Options options, const Clock& clock);

}  // namespace landwaiter::platform
