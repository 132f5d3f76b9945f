// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/commands/judging.hpp"
#include "daemon/output/report_outputs.hpp"
#include "daemon/output/scan_summary.hpp"
#include "daemon/scan/image_runner.hpp"
#include "daemon/scan/store_thread.hpp"
#include "storage/local/scan_spool.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::daemon {

/// What a scan has read, of any number of images, in constant memory: while it runs, only their facts and failures are written to a
/// spool, and RSA moduli are collected; at the end, each image is composed from its layers' reports in the store, judged and written.
/// Lives on the io thread; spool and moduli are used on the store's.
class ScanResults {
 public:
  /// The reports of an image's layers are composed as far as their texts are no longer than `image_bytes_max` together; what was found in
  /// further layers is left out, which makes the image incomplete.
  ScanResults(StoreThread& store, EngineState engine, std::unique_ptr<storage::ScanSpool> spool, std::uint64_t image_bytes_max)
      : store_(store), engine_(std::move(engine)), spool_(std::move(spool)), image_bytes_max_(image_bytes_max) {}

  /// False for an image of a registry that has come under another name before: it is reported once, under the name that is first in order.
  Awaitable<bool> first_name(Digest image, std::string reference);
  Awaitable<void> fail(std::string reference, Error error, Digest image = {});
  /// Keeps an image that was read completely, unless stored reports of its layers are damaged: these are then forgotten, returned, and to
  /// be read again.
  Awaitable<std::vector<Digest>> keep(ImageOutcome outcome);

  /// By reference, or the worst first: that judges each image twice, to know where it belongs.
  enum class Order { image, severity };
  using Tell = std::function<void(const std::string&)>;

  /// Everything, in an order that depends on the content alone, adding it up in `summary`. Failures are also told to people.
  Awaitable<void> write(Judgment& judgment, SystemTime today, Order order, Tell tell, ReportOutputs& outputs, ScanSummary& summary);
  /// By all images together, once they are written.
  std::uint64_t layers_read() const { return layers_read_; }

 private:
  using EachFailure = std::function<Result<void>(const FailedImage&)>;
  Awaitable<void> write_failures(ReportOutputs& outputs, ReportOutputs::Phase phase);
  Awaitable<void> tell_failures(Tell tell, ScanSummary& summary);
  Awaitable<void> each_failure(EachFailure use);
  Awaitable<void> write_images(Judgment& judgment, SystemTime today, Order order, ReportOutputs& outputs, ScanSummary& summary);
  Awaitable<std::vector<storage::SpoolPlace>> worst_first(Judgment& judgment, SystemTime today);
  Awaitable<std::optional<ImageReport>> judged(Judgment& judgment, SystemTime today, storage::SpoolPlace& place);

  StoreThread& store_;
  EngineState engine_;
  std::unique_ptr<storage::ScanSpool> spool_;
  std::uint64_t image_bytes_max_;
  SharedPrimes primes_;
  std::uint64_t layers_read_ = 0;
};

}  // namespace landwaiter::daemon
