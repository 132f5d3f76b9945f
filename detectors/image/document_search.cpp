// SPDX-License-Identifier: Apache-2.0
#include "detectors/image/document_search.hpp"

#include "core/base/limits.hpp"
#include "detectors/engine/file_scan.hpp"
#include "detectors/image/document_texts.hpp"

namespace landwaiter::detectors {
namespace {

/// One image's search.
class DocumentsScan {
 public:
  explicit DocumentsScan(const Engine::Impl& engine) : memory_(engine), scan_(engine, memory_, limits_) {
    memory_.begin_layer(kAllAnalyses, limits_);
  }

  void document(Where where, std::string_view bytes) {
    if (bytes.empty()) return;
    const auto visit = [&](std::string_view text, const TextPlace& place) {
      if (where == Where::manifest && place.is_embedded_blob()) return;
      search(text, where, [&](std::size_t offset) { return place.str(offset); });
    };
    auto visited = visit_texts(bytes, kDocumentTextsMax, visit);
    if (visited) return;
    diagnose(visited.error().code(), "the image's " + std::string(to_string(where)) + " is searched as it is: " + visited.error().message(),
             Effect::note);
    search(bytes, where, [](std::size_t) { return std::string(); });
  }

  ImageFindings take() {
    if (left_out_.count > 0) found_.diagnostics.push_back(left_out_.line());
    return std::move(found_);
  }

 private:
  template <class PlaceAt>
  void search(std::string_view text, Where where, PlaceAt place_at) {
    scan_.reset({});
    if (text.size() <= limits::window_bytes) {
      scan_.whole(as_bytes(text));
    } else {
      scan_.push(as_bytes(text));
      scan_.finish();
    }
    for (const Analysis analysis : kAllAnalyses) take_over(scan_.found(analysis), where, place_at);
  }

  template <class PlaceAt>
  void take_over(FileResults& results, Where where, PlaceAt place_at) {
    for (Finding& finding : results.findings) {
      for (Occurrence& occurrence : finding.occurrences) {
        occurrence.where = where;
        occurrence.path = place_at(occurrence.offset);
        occurrence.line.reset();  // of one text of the document
      }
      settle_id_of_place(finding);
      add(std::move(finding));
    }
    // Where the detectors' trouble begins is not known, so that no variable's name is shown.
    for (const Diagnostic& diagnostic : results.diagnostics) {
      Occurrence at;
      at.where = where;
      at.path = place_at(0);
      diagnose(diagnostic.code, place_text(at) + ": " + diagnostic.message, diagnostic.effect);
    }
  }

  void add(Finding finding) {
    if (found_.findings.size() < limits_.findings_per_file_max) return found_.findings.push_back(std::move(finding));
    if (full_) return;
    full_ = true;
    diagnose(ErrorCode::limit_exceeded,
             "more than " + std::to_string(limits_.findings_per_file_max) +
                 " findings in the image's config and manifest (findings_per_file_max): the rest is left out",
             Effect::incomplete);
  }

  void diagnose(ErrorCode code, std::string message, Effect effect) {
    if (found_.diagnostics.size() + 1 >= limits_.diagnostics_per_layer_max) return left_out_.add(effect);
    found_.diagnostics.push_back({.code = code, .message = std::move(message), .path = {}, .archive = {}, .layer = {}, .effect = effect});
  }

  ScanLimits limits_;
  FileScanMemory memory_;
  FileScan scan_;
  ImageFindings found_;
  LeftOutDiagnostics left_out_;
  bool full_ = false;
};

}  // namespace

ImageFindings DocumentSearch::analyze(const ImageDocuments& image) const {
  DocumentsScan scan(engine_->impl());
  scan.document(Where::config, image.config_bytes);
  scan.document(Where::manifest, image.manifest_bytes);
  return scan.take();
}

}  // namespace landwaiter::detectors
