// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/image_config.hpp"
#include "core/report/report.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::detectors {

/// What an image says of itself, beside its layers. The bytes are proven by their digests; what they say is anybody's word.
struct ImageDocuments {
  ImageFacts facts;            ///< without findings
  ImageConfig config;          ///< empty when the document cannot be used
  std::string config_bytes;    ///< the config as it is; empty when it could not be had
  std::string manifest_bytes;  ///< the manifest as it is, with its annotations
};

/// What an analyzer found. Each occurrence says where in the documents it is (Occurrence::where).
struct ImageFindings {
  std::vector<Finding> findings;
  std::vector<Diagnostic> diagnostics;
};

/// Looks at an image itself, where a Detector looks at files. Pure, stateless after construction and safe to call from many threads;
/// does no I/O and never logs.
class ImageAnalyzer {
 public:
  virtual ~ImageAnalyzer() = default;
  virtual std::string_view name() const = 0;
  /// Goes up with every change of what is found or how it is described: the documents of known images are then read again, and none of
  /// their layers.
  virtual int version() const = 0;
  virtual ImageFindings analyze(const ImageDocuments& image) const = 0;
};

}  // namespace landwaiter::detectors
