// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "registry/client/image_source.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

namespace landwaiter::daemon {

/// Carries a blob from the io thread (pump) to one worker thread (next), through a fixed number of buffers: the network waits if the
/// worker is slow, and memory use does not depend on the blob's size.
class BlobChannel final : public ByteSource {
 public:
  BlobChannel(boost::asio::any_io_executor executor, std::stop_token stop);

  /// On the io thread: reads `reader` to its end into the channel. Ends early when the consumer is gone.
  boost::asio::awaitable<void> pump(std::unique_ptr<registry::BlobReader> reader);

  /// On the worker: blocks until a chunk, the end, the reader's error, or a stop (cancelled), which does not wait for the network.
  Result<ByteView> next() override;

  /// On the worker: stops taking chunks; lets pump() end.
  void abandon();

 private:
  struct Chunk {
    std::size_t buffer = 0;
    std::size_t size_bytes = 0;
  };

  boost::asio::awaitable<bool> fill(registry::BlobReader& reader, std::size_t buffer);
  void finish(std::optional<Error> error);
  void wake();

  std::vector<Bytes> buffers_;
  boost::asio::experimental::concurrent_channel<void(boost::system::error_code, std::size_t)> free_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Chunk> filled_;
  bool ended_ = false;
  std::optional<Error> error_;
  std::optional<std::size_t> lent_;  ///< the buffer behind the view that next() handed out last
  std::stop_token stop_;
  std::stop_callback<std::function<void()>> on_stop_;  ///< last, because it uses the others from the thread that stops
};

}  // namespace landwaiter::daemon
