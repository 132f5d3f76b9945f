// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/async.hpp"
#include "core/base/limits.hpp"

#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

namespace landwaiter {

/// A thread for large documents, one after another, so that whatever else the io thread does goes on while they are parsed. Used from the
/// io thread; outlives what it runs.
class DocumentLane {
 public:
  /// Runs work on a document of that size: here, or for a large one on the lane's thread. What `work` refers to must live until then.
  template <class Work>
  asio::awaitable<std::invoke_result_t<Work>> run(std::uint64_t document_bytes, Work work) {
    // Parsing takes about a millisecond then.
    constexpr std::uint64_t kSmall = 64 * limits::KiB;
    if (document_bytes <= kSmall) co_return work();
    if (!thread_) thread_ = std::make_unique<asio::thread_pool>(1);
    co_return co_await run_on(thread_->get_executor(), std::move(work));
  }

 private:
  std::unique_ptr<asio::thread_pool> thread_;  ///< from the first large document on
};

}  // namespace landwaiter
