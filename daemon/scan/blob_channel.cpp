// SPDX-License-Identifier: Apache-2.0
#include "daemon/scan/blob_channel.hpp"

#include "core/base/limits.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <span>

namespace landwaiter::daemon {

namespace asio = boost::asio;

BlobChannel::BlobChannel(asio::any_io_executor executor, std::stop_token stop)
    : buffers_(limits::blob_chunks_in_flight),
      free_(std::move(executor), limits::blob_chunks_in_flight),
      stop_(std::move(stop)),
      on_stop_(stop_, [this] { wake(); }) {
  for (std::size_t i = 0; i < buffers_.size(); ++i) free_.try_send(boost::system::error_code(), i);
}

asio::awaitable<void> BlobChannel::pump(std::unique_ptr<registry::BlobReader> reader) {
  bool more = true;
  while (more) {
    boost::system::error_code gone;
    const std::size_t buffer = co_await free_.async_receive(asio::redirect_error(asio::use_awaitable, gone));
    if (gone) {
      finish(Error(ErrorCode::cancelled, "reading was cancelled"));
      co_return;
    }
    more = co_await fill(*reader, buffer);
  }
}

asio::awaitable<bool> BlobChannel::fill(registry::BlobReader& reader, std::size_t buffer) {
  Bytes& bytes = buffers_[buffer];
  bytes.resize(limits::blob_chunk_bytes);  // allocated on first use: small layers need only one buffer
  std::size_t size = 0;
  bool more = true;
  std::optional<Error> error;
  while (size < bytes.size() && more) {
    auto got = co_await reader.read(std::span(bytes).subspan(size));
    if (!got) error = got.error();
    more = got.has_value() && *got > 0;
    if (more) size += *got;
  }
  {
    const std::scoped_lock lock(mutex_);
    if (size > 0) filled_.push_back({buffer, size});
  }
  changed_.notify_one();
  if (!more) finish(std::move(error));
  co_return more;
}

void BlobChannel::finish(std::optional<Error> error) {
  {
    const std::scoped_lock lock(mutex_);
    ended_ = true;
    if (error) error_ = std::move(error);
  }
  changed_.notify_one();
}

Result<ByteView> BlobChannel::next() {
  if (lent_) {
    free_.try_send(boost::system::error_code(), *lent_);
    lent_.reset();
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !filled_.empty() || ended_ || stop_.stop_requested(); });
  if (stop_.stop_requested()) return Error(ErrorCode::cancelled, "the scan was cancelled");
  if (filled_.empty()) {
    if (error_) return *error_;
    return ByteView{};
  }
  const Chunk chunk = filled_.front();
  filled_.pop_front();
  lent_ = chunk.buffer;
  return ByteView(buffers_[chunk.buffer]).first(chunk.size_bytes);
}

void BlobChannel::wake() {
  // With the lock, so that next() is not between its look at the token and its wait.
  const std::scoped_lock lock(mutex_);
  changed_.notify_one();
}

void BlobChannel::abandon() { free_.close(); }

}  // namespace landwaiter::daemon
