// SPDX-License-Identifier: Apache-2.0
#include "daemon/listing/page_writer.hpp"

#include "core/base/limits.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace landwaiter::daemon {
namespace {

/// A page is sent when it has this many items, so scanning starts while listing continues.
constexpr std::size_t kPageItems = 200;
/// Items that may wait while a page is under way.
constexpr std::size_t kWaitingItems = 1000;
/// A page without items reports the cursor after this many repositories without a page.
constexpr std::uint64_t kPassedRepositories = 500;

}  // namespace

PageWriter::PageWriter(asio::any_io_executor executor, PageSink sink, const WalkProgress& progress, std::shared_ptr<ManifestMemory> memory)
    : sink_(std::move(sink)),
      progress_(progress),
      memory_(std::move(memory)),
      delivered_(progress.cursor),
      delivered_page_(std::move(executor)) {}

Awaitable<void> PageWriter::add(std::vector<protocol::InventoryItem> items) {
  std::ranges::move(items, std::back_inserter(items_));
  while (!failure_) {
    // Negative if a page of the catalog is read again.
    const std::uint64_t now = progress_.cursor.listed + progress_.cursor.filtered;
    const std::uint64_t before = delivered_.listed + delivered_.filtered;
    const std::uint64_t passed = now > before ? now - before : 0;
    const bool due = items_.size() >= kPageItems || passed >= kPassedRepositories;
    if (!due || (delivering_ && items_.size() < kWaitingItems)) co_return Result<void>();
    if (delivering_) {
      co_await delivered_page_.wait();
      continue;
    }
    auto status = co_await deliver(false);
    if (!status) co_return status;
  }
  co_return *failure_;
}

Awaitable<void> PageWriter::finish(bool last) {
  while (delivering_) co_await delivered_page_.wait();
  do {
    if (failure_) co_return *failure_;
    auto status = co_await deliver(last);
    if (!status) co_return status;
  } while (!items_.empty());
  co_return Result<void>();
}

Awaitable<void> PageWriter::deliver(bool last) {
  delivering_ = true;
  protocol::InventoryPage page;
  if (items_.size() <= limits::inventory_page_items_max) {
    // All items of the repositories that the cursor has passed are in this page or an earlier one.
    page.items = std::exchange(items_, {});
    delivered_ = progress_.cursor;
    page.last = last;
  } else {
    const auto end = items_.begin() + static_cast<std::ptrdiff_t>(limits::inventory_page_items_max);
    page.items.assign(std::make_move_iterator(items_.begin()), std::make_move_iterator(end));
    items_.erase(items_.begin(), end);
  }
  page.cursor = delivered_.str();
  page.repositories_listed = delivered_.listed;
  page.repositories_filtered = delivered_.filtered;
  co_await memory_->save();
  auto sent = co_await sink_(std::move(page));
  if (!sent) failure_ = sent.error();
  delivering_ = false;
  delivered_page_.notify();
  co_return sent;
}

}  // namespace landwaiter::daemon
