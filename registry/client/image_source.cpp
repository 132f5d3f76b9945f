// SPDX-License-Identifier: Apache-2.0
#include "registry/client/image_source.hpp"

#include <algorithm>
#include <utility>

namespace landwaiter::registry {
namespace {

class TextReader final : public BlobReader {
 public:
  explicit TextReader(std::string text) : text_(std::move(text)) {}

  Awaitable<std::size_t> read(std::span<std::uint8_t> buffer) override {
    const std::size_t size = std::min(buffer.size(), text_.size() - offset_);
    std::copy_n(text_.begin() + static_cast<std::ptrdiff_t>(offset_), size, buffer.begin());
    offset_ += size;
    co_return size;
  }

 private:
  std::string text_;
  std::size_t offset_ = 0;
};

}  // namespace

Awaitable<std::string> small_content(std::shared_ptr<ImageSource> source, Descriptor descriptor) {
  if (descriptor.data) co_return *std::move(descriptor.data);
  co_return co_await source->small_blob(std::move(descriptor));
}

Awaitable<std::unique_ptr<BlobReader>> open_content(std::shared_ptr<ImageSource> source, Descriptor descriptor) {
  if (descriptor.data) {
    std::unique_ptr<BlobReader> reader = std::make_unique<TextReader>(*std::move(descriptor.data));
    co_return reader;
  }
  co_return co_await source->open_blob(std::move(descriptor));
}

}  // namespace landwaiter::registry
