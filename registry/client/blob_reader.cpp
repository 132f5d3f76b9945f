// SPDX-License-Identifier: Apache-2.0
#include "registry/client/blob_reader.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"

#include <algorithm>

namespace landwaiter::registry {
namespace {

class HttpBlobReader final : public BlobReader {
 public:
  HttpBlobReader(std::shared_ptr<RequestLoop> loop, Request request, Descriptor descriptor, std::unique_ptr<HttpResponse> response)
      : loop_(std::move(loop)), request_(std::move(request)), descriptor_(std::move(descriptor)), response_(std::move(response)) {}

  Awaitable<std::size_t> read(std::span<std::uint8_t> buffer) override {
    while (true) {
      auto size = co_await response_->read(buffer);
      if (size) co_return arrived(*size);
      const Error broken = size.error();
      auto resumed = co_await resume(broken);
      if (!resumed) co_return resumed.error();
    }
  }

 private:
  Result<std::size_t> arrived(std::size_t size) {
    offset_ += size;
    progress_ += size;
    if (offset_ > descriptor_.size_bytes) return mismatch("is longer than");
    if (size == 0 && offset_ < descriptor_.size_bytes) return mismatch("ends before");
    return size;
  }

  /// The progress since the last counted interruption pays for this one.
  bool paid() const {
    const bool slow_line =
        loop_->clock().steady_now() - counted_at_ >= limits::resume_progress_time && progress_ >= limits::slow_body_bytes;
    return progress_ >= limits::resume_progress_bytes || slow_line;
  }

  Error mismatch(const std::string& how) const {
    return Error(ErrorCode::digest_mismatch, "registry " + loop_->endpoint().host + ", " + request_.subject + ' ' + how + " the " +
                                                 std::to_string(descriptor_.size_bytes) + " bytes its descriptor names");
  }

  Awaitable<void> resume(Error broken) {
    response_ = std::make_unique<Closed>(broken);
    // A connection that breaks but makes progress is resumed at once, without using the host's retry budget.
    bool at_once = paid();
    if (at_once) {
      failures_ = 0;
      progress_ = 0;
      counted_at_ = loop_->clock().steady_now();
    }
    while (true) {
      if (!at_once) ++failures_;
      if (failures_ > limits::resume_attempts_max || ++total_ > limits::resume_total_max) {
        co_return broken.with_context(request_.subject + " was interrupted too often, last at byte " + std::to_string(offset_));
      }
      if (!at_once) {
        auto waited = co_await loop_->back_off(broken, failures_);
        if (!waited) co_return waited.error();
      }
      at_once = false;
      auto opened = co_await reopen();
      if (opened) co_return Result<void>();
      broken = opened.error();
      if (broken.code() != ErrorCode::unavailable && broken.code() != ErrorCode::timeout) co_return broken;
    }
  }

  Awaitable<void> reopen() {
    Request request = request_;
    request.headers.push_back({"Range", "bytes=" + std::to_string(offset_) + "-"});
    request.expected = {200, 206};
    auto answer = co_await loop_->perform(std::move(request));
    if (!answer) co_return answer.error();
    const auto values = answer->response->headers("Content-Range");
    const auto range = values.size() == 1 ? parse_content_range(values[0]) : std::nullopt;
    const std::uint64_t size = descriptor_.size_bytes;
    // A 200 would start at the first byte again: retrying the whole layer is simpler than guessing.
    if (answer->response->status() != 206 || !range || range->first != offset_ || range->last + 1 != size || range->total != size) {
      co_return Error(ErrorCode::digest_mismatch, "registry " + loop_->endpoint().host + ", " + request_.subject +
                                                      ": cannot go on at byte " + std::to_string(offset_) +
                                                      ": it does not support range requests");
    }
    response_ = std::move(answer->response);
    co_return Result<void>();
  }

  /// Stands in for the response between an interruption and its resumption, so a failed reader keeps failing.
  class Closed final : public HttpResponse {
   public:
    explicit Closed(Error error) : error_(std::move(error)) {}
    int status() const override { return 0; }
    std::optional<std::string> header(std::string_view) const override { return std::nullopt; }
    std::vector<std::string> headers(std::string_view) const override { return {}; }
    std::optional<std::uint64_t> content_length() const override { return std::nullopt; }
    Awaitable<std::size_t> read(std::span<std::uint8_t>) override { co_return error_; }

   private:
    Error error_;
  };

  std::shared_ptr<RequestLoop> loop_;
  Request request_;
  Descriptor descriptor_;
  std::unique_ptr<HttpResponse> response_;
  std::uint64_t offset_ = 0;
  std::uint64_t progress_ = 0;  ///< since the last interruption that it paid for
  SteadyTime counted_at_ = loop_->clock().steady_now();
  std::size_t failures_ = 0;  ///< interruptions since then that it has not yet paid for
  std::size_t total_ = 0;
};

}  // namespace

Awaitable<std::unique_ptr<BlobReader>> open_http_blob(std::shared_ptr<RequestLoop> loop, Request request, Descriptor descriptor) {
  auto answer = co_await loop->perform(request);
  if (!answer) co_return answer.error();
  const auto length = answer->response->content_length();
  if (length && *length != descriptor.size_bytes) {
    co_return Error(ErrorCode::digest_mismatch, "registry " + loop->endpoint().host + ", " + request.subject + " has " +
                                                    std::to_string(*length) + " bytes where its descriptor names " +
                                                    std::to_string(descriptor.size_bytes));
  }
  std::unique_ptr<BlobReader> out =
      std::make_unique<HttpBlobReader>(std::move(loop), std::move(request), std::move(descriptor), std::move(answer->response));
  co_return out;
}

Result<void> prove(std::string_view body, const Digest& expected) {
  Hasher hasher(expected.algorithm());
  hasher.update(as_bytes(body));
  const Digest got = hasher.finish();
  if (got == expected) return {};
  return Error(ErrorCode::digest_mismatch, "content has digest " + got.str() + " instead of " + expected.str());
}

Awaitable<std::string> read_proven(std::unique_ptr<BlobReader> reader, Descriptor descriptor, std::uint64_t bytes_max) {
  if (descriptor.size_bytes > bytes_max) {
    co_return Error(ErrorCode::limit_exceeded, descriptor.digest.str() + " has more than " + human_bytes(bytes_max));
  }
  std::string out;
  std::vector<std::uint8_t> chunk(static_cast<std::size_t>(std::clamp<std::uint64_t>(descriptor.size_bytes, 1, 64 * limits::KiB)));
  while (true) {
    auto size = co_await reader->read(chunk);
    if (!size) co_return size.error();
    if (*size == 0) break;
    if (out.size() + *size > descriptor.size_bytes) {
      co_return Error(ErrorCode::digest_mismatch, descriptor.digest.str() + " is longer than its descriptor says");
    }
    out.append(reinterpret_cast<const char*>(chunk.data()), *size);
  }
  auto proven = prove(out, descriptor.digest);
  if (!proven) co_return proven.error();
  co_return out;
}

}  // namespace landwaiter::registry
