// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/engine.hpp"
#include "detectors/image/image_analyzer.hpp"

#include <memory>

namespace landwaiter::detectors {

/// Searches the config and the manifest with all detectors: a key in a variable, a label, a build argument or a command is as open to
/// whoever pulls the image as one in a file. Each text is searched as a small file of its own, decoded, so that no escape hides anything.
/// A document that cannot be read to its end is searched as it is too.
class DocumentSearch final : public ImageAnalyzer {
 public:
  explicit DocumentSearch(std::shared_ptr<const Engine> engine) : engine_(std::move(engine)) {}

  std::string_view name() const override { return "document-search"; }
  int version() const override { return 1; }
  ImageFindings analyze(const ImageDocuments& image) const override;

 private:
  std::shared_ptr<const Engine> engine_;
};

}  // namespace landwaiter::detectors
