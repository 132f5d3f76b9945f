// SPDX-License-Identifier: Apache-2.0
#include "core/export/csv.hpp"
#include "core/export/format.hpp"
#include "platform/api/routes.hpp"
#include "platform/store/content/images.hpp"

namespace landwaiter::platform {
namespace {

/// Images in one document: each needs composing all its layers, and all are in memory at once.
constexpr std::size_t kImagesExportedMax = 500;

/// The request, checked before anything is composed.
struct Wanted {
  exports::Format format = exports::Format::cyclonedx;
  exports::CycloneDxVersion version = exports::CycloneDxVersion::v1_6;
};

Result<Wanted> wanted_of(const Call& call) {
  Wanted out;
  if (const std::string text = call.query("format"); !text.empty()) {
    const auto format = exports::format_from(text);
    if (!format) return Error(ErrorCode::invalid_argument, "format must be cyclonedx, sarif, csv, gitlab or junit");
    out.format = *format;
  }
  if (const std::string text = call.query("version"); !text.empty()) {
    const auto version = exports::cyclonedx_version_from(text);
    if (!version || out.format != exports::Format::cyclonedx) {
      return Error(ErrorCode::invalid_argument, "version must be 1.6 or 1.7, of format cyclonedx");
    }
    out.version = *version;
  }
  return out;
}

/// Rows leave as they are made: the file of a large scan has millions.
class CsvBody final : public BodyStream {
 public:
  explicit CsvBody(std::vector<ImageReport> images) : rows_(std::move(images)) {}
  Awaitable<std::string> next() override { co_return rows_.next(limits::body_piece_bytes); }

 private:
  exports::CsvStream rows_;
};

Response document(const Call& call, const Wanted& wanted, std::vector<ImageReport> images) {
  assess_all(images, *call.assess.policy, call.assess.today, call.assess.blocklist);
  const exports::Options options{LANDWAITER_VERSION, ""};
  Response response;
  response.content_type = exports::media_type(wanted.format, wanted.version);
  if (wanted.format == exports::Format::csv) {
    response.body = std::make_unique<CsvBody>(std::move(images));
  } else {
    response.body = exports::document(wanted.format, wanted.version, images, options);
  }
  return response;
}

Result<Response> export_image(Call& call) {
  const auto wanted = wanted_of(call);
  if (!wanted) return wanted.error();
  const auto digest = call.digest("digest");
  if (!digest) return digest.error();
  auto report = image_report(*call.transaction, call.blobs, *digest);
  if (!report) return report.error();
  std::vector<ImageReport> images;
  images.push_back(*std::move(report));
  return document(call, *wanted, std::move(images));
}

Result<Response> export_scan(Call& call) {
  const auto wanted = wanted_of(call);
  if (!wanted) return wanted.error();
  const auto digests = images_of_scan(*call.transaction, call.parameter("id"), kImagesExportedMax);
  if (!digests) return digests.error();
  if (digests->size() > kImagesExportedMax) {
    return Error(ErrorCode::limit_exceeded,
                 "the scan has more than " + std::to_string(kImagesExportedMax) + " images; export them one by one");
  }
  std::vector<ImageReport> images;
  for (const Digest& digest : *digests) {
    auto report = image_report(*call.transaction, call.blobs, digest);
    if (!report) return report.error();
    images.push_back(*std::move(report));
  }
  return document(call, *wanted, std::move(images));
}

}  // namespace

void add_export_routes(std::vector<Route>& routes) {
  routes.push_back(
      {{.method = "GET", .path = "/v3/images/{digest}/export", .needs = Permission::read, .lane = LaneKind::heavy}, export_image});
  routes.push_back({{.method = "GET", .path = "/v3/scans/{id}/export", .needs = Permission::read, .lane = LaneKind::heavy}, export_scan});
}

}  // namespace landwaiter::platform
