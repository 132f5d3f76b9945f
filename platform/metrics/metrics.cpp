// SPDX-License-Identifier: Apache-2.0
#include "platform/metrics/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>

namespace landwaiter::platform {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

/// Requests: from an answer out of memory to a long poll.
const Histogram::BucketBoundaries kRequestSeconds{0.001, 0.005, 0.02, 0.1, 0.5, 1, 5, 20, 60};
/// Turns on a lane are shorter.
const Histogram::BucketBoundaries kTurnSeconds{0.0001, 0.0005, 0.002, 0.01, 0.05, 0.2, 1, 5};

/// A caller may send any word as its method.
std::string known_method(std::string_view method) {
  static constexpr std::array<std::string_view, 6> kMethods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
  return std::ranges::find(kMethods, method) == kMethods.end() ? "other" : std::string(method);
}

Family<Counter>& counter(prometheus::Registry& all, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(all);
}

Family<Gauge>& gauge(prometheus::Registry& all, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(all);
}

Family<Histogram>& histogram(prometheus::Registry& all, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(all);
}

void set_by_kind(Family<Gauge>& family, const std::map<std::string, std::int64_t>& counts) {
  for (const auto& [kind, count] : counts) family.Add({{"kind", kind}}).Set(static_cast<double>(count));
}

}  // namespace

struct Metrics::Impl {
  prometheus::Registry all;
  Family<Counter>& requests = counter(all, "landwaiter_http_requests_total", "Requests by route and status");
  Family<Histogram>& request_seconds = histogram(all, "landwaiter_http_request_seconds",
                                                 "Time from a request's head to the end of its answer; of long polls with their wait");
  Gauge& connections = gauge(all, "landwaiter_http_connections", "Open connections").Add({});
  Family<Counter>& connections_refused =
      counter(all, "landwaiter_http_connections_refused_total", "Connections that were refused because of a limit");
  Family<Gauge>& certificate =
      gauge(all, "landwaiter_tls_certificate_expires_seconds", "When the TLS certificate ends, in seconds since 1970");
  Family<Histogram>& lane_wait = histogram(all, "landwaiter_lane_wait_seconds", "Time that work waited for its lane to the database");
  Family<Histogram>& lane_busy = histogram(all, "landwaiter_lane_work_seconds", "Time that work took on its lane to the database");
  Family<Gauge>& lane_queue = gauge(all, "landwaiter_lane_queue", "Work that waits for a lane to the database");
  Family<Gauge>& queued = gauge(all, "landwaiter_jobs_queued", "Jobs that wait for a sensor");
  Family<Gauge>& leased = gauge(all, "landwaiter_jobs_leased", "Jobs that sensors have");
  Gauge& suspect =
      gauge(all, "landwaiter_jobs_suspect", "Jobs that wait to be leased alone, because sensors fell silent with them").Add({});
  Gauge& oldest = gauge(all, "landwaiter_jobs_oldest_queued_seconds", "Time since the oldest waiting job was made").Add({});
  Gauge& registries = gauge(all, "landwaiter_registries_leased", "Hosts of registries of which sensors have jobs").Add({});
  Gauge& claims = gauge(all, "landwaiter_layer_claims", "Layers that sensors are about to read").Add({});
  Family<Gauge>& sensors = gauge(all, "landwaiter_sensors", "Sensors by state");
  Gauge& database = gauge(all, "landwaiter_database_bytes", "Size of the database").Add({});
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::request(std::string_view method, std::string_view route, int status, Seconds took) {
  const std::string path(route.empty() ? "none" : route);
  const std::string verb = known_method(method);
  impl_->requests.Add({{"method", verb}, {"route", path}, {"status", std::to_string(status)}}).Increment();
  impl_->request_seconds.Add({{"method", verb}, {"route", path}}, kRequestSeconds).Observe(took.count());
}

void Metrics::connections(std::size_t open) { impl_->connections.Set(static_cast<double>(open)); }

void Metrics::connection_refused(std::string_view why) { impl_->connections_refused.Add({{"why", std::string(why)}}).Increment(); }

void Metrics::certificate_expires(std::chrono::sys_seconds when) {
  impl_->certificate.Add({}).Set(static_cast<double>(when.time_since_epoch().count()));
}

void Metrics::lane_work(std::string_view lane, Seconds waited, Seconds took) {
  impl_->lane_wait.Add({{"lane", std::string(lane)}}, kTurnSeconds).Observe(waited.count());
  impl_->lane_busy.Add({{"lane", std::string(lane)}}, kTurnSeconds).Observe(took.count());
}

void Metrics::lane_queue(std::string_view lane, std::size_t waiting) {
  impl_->lane_queue.Add({{"lane", std::string(lane)}}).Set(static_cast<double>(waiting));
}

void Metrics::queue(const QueueGauges& now) {
  set_by_kind(impl_->queued, now.jobs_queued);
  set_by_kind(impl_->leased, now.jobs_leased);
  impl_->suspect.Set(static_cast<double>(now.jobs_suspect));
  impl_->oldest.Set(static_cast<double>(now.oldest_queued.count()));
  impl_->registries.Set(static_cast<double>(now.registries_leased));
  impl_->claims.Set(static_cast<double>(now.layer_claims));
  impl_->sensors.Add({{"state", "online"}}).Set(static_cast<double>(now.sensors_online));
  impl_->sensors.Add({{"state", "silent"}}).Set(static_cast<double>(now.sensors - now.sensors_online));
  impl_->database.Set(static_cast<double>(now.database_bytes));
}

std::string Metrics::text() const { return prometheus::TextSerializer().Serialize(impl_->all.Collect()); }

}  // namespace landwaiter::platform
