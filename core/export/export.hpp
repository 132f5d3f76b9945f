// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/report.hpp"

#include <span>
#include <string>
#include <string_view>

namespace landwaiter::exports {

/// What all exports have in common. Each takes images that assess() has processed. The same images, in any order, with their findings in
/// any order, give the same bytes: nothing is random, and no clock is read.
struct Options {
  std::string tool_version;  ///< of the program that writes the document
  std::string timestamp;     ///< RFC 3339, for formats that have a field for it; empty: none
};

/// An image or registry of which there is no report.
struct Failure {
  std::string reference;
  std::string reason;
};

/// A document that is made image by image, so that not all of them need be in memory at once. The pieces, in the order in which they come,
/// are the document.
class DocumentWriter {
 public:
  virtual ~DocumentWriter() = default;
  /// In the order of in_order().
  virtual std::string add(const ImageReport& image) = 0;
  /// After the last image: a document that looks complete must be.
  virtual std::string fail(const Failure& failure) = 0;
  /// At the end, once.
  virtual std::string finish() = 0;
};

/// The whole document of these images.
std::string whole(DocumentWriter& writer, std::span<const ImageReport> images);

/// $SOURCE_DATE_EPOCH as RFC 3339; empty when the text is not a number of seconds.
std::string timestamp_from_epoch(std::string_view seconds);

/// The images by reference and digest, so the order in a document does not depend on the order of reading.
std::vector<const ImageReport*> in_order(std::span<const ImageReport> images);

/// "registry.example.com/team/shop:1.4 (linux/amd64)"
std::string image_name(const ImageReport& image);

/// "srv/app.war > WEB-INF/key.pem"
std::string place_text(std::string_view path, const std::vector<std::string>& archive);

}  // namespace landwaiter::exports
