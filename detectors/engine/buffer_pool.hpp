// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/memory_meter.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace landwaiter::detectors {

/// Large reusable buffers of one size: new ones would cost a page fault per 4 KiB. Not thread-safe. `own` of them are the worker's and
/// kept; those beyond are the layer's: the thread's memory meter pays for them, and they are freed when they come back.
class BufferPool {
 public:
  BufferPool(std::size_t size_bytes, std::size_t own) : size_bytes_(size_bytes), own_(own) {}

  /// A buffer on loan; empty until taken from the pool.
  class Loan {
   public:
    Loan() = default;
    Loan(Loan&&) noexcept = default;
    Loan& operator=(Loan&& other) noexcept {
      give_back();
      pool_ = other.pool_;
      bytes_ = std::move(other.bytes_);
      paid_ = std::move(other.paid_);
      return *this;
    }
    ~Loan() { give_back(); }

    explicit operator bool() const { return bytes_ != nullptr; }
    std::span<std::uint8_t> span() const { return bytes_ ? std::span(bytes_.get(), pool_->size_bytes_) : std::span<std::uint8_t>(); }

   private:
    friend class BufferPool;
    Loan(BufferPool& pool, std::unique_ptr<std::uint8_t[]> bytes, MemoryShare paid)
        : pool_(&pool), bytes_(std::move(bytes)), paid_(std::move(paid)) {}
    void give_back() {
      if (!bytes_) return;
      if (paid_.bytes() == 0) pool_->free_.push_back(std::move(bytes_));
      bytes_.reset();
      paid_.clear();
    }

    BufferPool* pool_ = nullptr;
    std::unique_ptr<std::uint8_t[]> bytes_;
    MemoryShare paid_;  ///< nothing for one of the worker's own
  };

  /// Empty if the layer has no memory left for it.
  Loan take() {
    MemoryShare paid;
    if (!free_.empty()) {
      Loan loan(*this, std::move(free_.back()), std::move(paid));
      free_.pop_back();
      return loan;
    }
    if (made_ < own_) ++made_;
    else if (!paid.borrow(size_bytes_)) return {};
    return Loan(*this, std::make_unique_for_overwrite<std::uint8_t[]>(size_bytes_), std::move(paid));
  }

 private:
  std::size_t size_bytes_;
  std::size_t own_;
  std::size_t made_ = 0;  ///< of its own
  std::vector<std::unique_ptr<std::uint8_t[]>> free_;
};

}  // namespace landwaiter::detectors
