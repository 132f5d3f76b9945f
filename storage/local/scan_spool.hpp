// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/report.hpp"

#include <memory>
#include <optional>
#include <string>

namespace landwaiter::storage {

class Database;

/// An image that one command has read.
struct SpooledImage {
  ImageFacts facts;
  std::uint64_t layers_fetched = 0;
  std::uint64_t layers_reused = 0;
};

/// Something that could not be read.
struct SpooledFailure {
  std::string reference;
  Error error;
  Digest image{};  ///< of an image that first_name() was asked for
};

/// Where an iteration stands; the default is before the first.
struct SpoolPlace {
  std::string first, second;
  std::int64_t id = 0;
};

/// What a command has to remember until its end, of any number of images: in a file of the system's folder for temporary ones (TMPDIR,
/// otherwise /var/tmp) that has no name and goes away with the process; a little of it in memory. Not thread-safe. Errors: io.
class ScanSpool {
 public:
  static Result<std::unique_ptr<ScanSpool>> open();
  ~ScanSpool();

  /// Whether the layer is seen for the first time.
  Result<bool> first_time(const Digest& layer);
  /// The next time is again the first.
  Result<void> forget(const Digest& layer);
  /// Whether this is the first name of the image in a registry. An image with several names is one image, to be put under its first name.
  Result<bool> first_name(const Digest& image, const std::string& reference);
  /// After the last name: images and failures that were put under the name that came first get the one that is first in
  /// order.
  Result<void> settle_names();

  Result<void> put_image(const SpooledImage& image);
  Result<void> put_failure(const SpooledFailure& failure);

  /// By reference, then by digest, then as they came; nothing after the last.
  Result<std::optional<SpooledImage>> next_image(SpoolPlace& place);
  /// By reference, then by message, then as they came.
  Result<std::optional<SpooledFailure>> next_failure(SpoolPlace& place);

 private:
  explicit ScanSpool(std::unique_ptr<Database> database);
  std::unique_ptr<Database> database_;
};

}  // namespace landwaiter::storage
