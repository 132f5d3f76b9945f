// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace landwaiter::detectors {

/// Large reusable buffers of one size: new ones would cost a page fault per 4 KiB. Not thread-safe. Keeps as many as were ever in use at
/// once, which the depth of archives bounds.
class BufferPool {
 public:
  explicit BufferPool(std::size_t size_bytes) : size_bytes_(size_bytes) {}
  std::size_t size_bytes() const { return size_bytes_; }

  /// A buffer on loan; empty until taken from the pool.
  class Loan {
   public:
    Loan() = default;
    Loan(Loan&&) noexcept = default;
    Loan& operator=(Loan&& other) noexcept {
      give_back();
      pool_ = other.pool_;
      bytes_ = std::move(other.bytes_);
      return *this;
    }
    ~Loan() { give_back(); }

    explicit operator bool() const { return bytes_ != nullptr; }
    std::span<std::uint8_t> span() const { return bytes_ ? std::span(bytes_.get(), pool_->size_bytes_) : std::span<std::uint8_t>(); }

   private:
    friend class BufferPool;
    Loan(BufferPool& pool, std::unique_ptr<std::uint8_t[]> bytes) : pool_(&pool), bytes_(std::move(bytes)) {}
    void give_back() {
      if (bytes_) pool_->free_.push_back(std::move(bytes_));
    }

    BufferPool* pool_ = nullptr;
    std::unique_ptr<std::uint8_t[]> bytes_;
  };

  Loan take() {
    if (free_.empty()) return Loan(*this, std::make_unique_for_overwrite<std::uint8_t[]>(size_bytes_));
    Loan loan(*this, std::move(free_.back()));
    free_.pop_back();
    return loan;
  }

 private:
  std::size_t size_bytes_;
  std::vector<std::unique_ptr<std::uint8_t[]>> free_;
};

}  // namespace landwaiter::detectors
