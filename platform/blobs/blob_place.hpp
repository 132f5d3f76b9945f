// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/blobs/blob_store.hpp"
#include "platform/blobs/s3_blobs.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace landwaiter::platform {

struct BlobOptions {
  /// "row": in the database. "DIR", with a slash in it: a folder. "s3://BUCKET[/PREFIX][?endpoint=URL&region=NAME&style=path|host]".
  std::string place = "row";
  /// As AWS's tools have it, for its section [default] or AWS_PROFILE; empty: AWS_ACCESS_KEY_ID and its like in the environment.
  std::string credentials_file = {};
  std::string ca_file = {};  ///< PEM, trusted in addition to the system's roots
};

/// The value of an environment variable.
using VariableLookup = std::function<std::optional<std::string>(const std::string& name)>;

/// Null for "row". Errors: configuration, for what is spelled wrongly or has no key; io for a folder.
Result<std::unique_ptr<BlobStore>> open_blob_store(const BlobOptions& options, const VariableLookup& variables, const Clock& clock);

/// The parts of an s3:// place, without its keys. The region is AWS_REGION's or us-east-1 if it is not in it.
Result<S3Options> parse_s3_place(const std::string& place, const VariableLookup& variables);

/// The keys of a section: "[default]\naws_access_key_id = ...". Error: configuration.
Result<registry::AwsKeys> parse_aws_credentials(const Secret& text, const std::string& section);

}  // namespace landwaiter::platform
