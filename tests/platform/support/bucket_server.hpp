// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "platform/blobs/s3_blobs.hpp"
#include "tests/support/scripted_server.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace landwaiter::test {

/// One bucket, "reports", as S3 would answer for it, at 127.0.0.1. It refuses what is not signed with its key, and pages lists by two.
class BucketServer {
 public:
  /// What is answered instead, for a request of that number.
  using Fault = std::function<std::optional<ScriptedResponse>(const ScriptedRequest&)>;

  explicit BucketServer(Fault fault = {});

  /// Options for a place in it.
  platform::S3Options options(const std::string& prefix) const;
  std::unique_ptr<platform::BlobStore> open(const std::string& prefix) const;
  std::map<std::string, std::string>& objects() { return objects_; }
  std::vector<ScriptedRequest> requests() const { return server_.requests(); }

 private:
  ScriptedResponse answer(const ScriptedRequest& request);
  ScriptedResponse list(const std::string& target) const;

  Fault fault_;
  RealClock clock_;
  std::map<std::string, std::string> objects_;
  ScriptedServer server_;
};

/// S3's answer with a code.
ScriptedResponse s3_error(int status, const std::string& code);

}  // namespace landwaiter::test
