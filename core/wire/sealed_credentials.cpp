// SPDX-License-Identifier: Apache-2.0
#include "core/wire/sealed_credentials.hpp"

#include "core/base/json_reader.hpp"

namespace landwaiter::protocol {
namespace {

using nlohmann::json;

constexpr std::string_view kWhat = "sealed credentials";

struct Bound {
  std::string job_id;
  RegistryTarget registry;
  SystemTime expires;
  Secret credentials;
};

Result<Bound> read_bound(const Secret& opened) {
  auto document = parse_json(opened.reveal(), kWhat, kJsonFields);
  if (!document) return document.error();
  Bound out;
  std::optional<SystemTime> expires;
  const auto read = read_json_fields(kWhat, [&] {
    document->at("job_id").get_to(out.job_id);
    document->at("registry").get_to(out.registry);
    expires = from_rfc3339(document->at("expires_at").get<std::string>());
    std::string credentials = dump_json(document->at("credentials"));
    out.credentials = Secret(credentials);
    wipe(credentials);
  });
  wipe_texts(*document);
  if (!read) return read.error();
  if (!expires) return Error(ErrorCode::malformed, std::string(kWhat) + ": expires_at is not a time");
  out.expires = *expires;
  return out;
}

/// What differs; empty if nothing that matters does.
std::string difference(const Bound& bound, const Job& job) {
  const RegistryTarget& here = job.registry;
  const RegistryTarget& there = bound.registry;
  if (bound.job_id != job.id) return "job";
  if (there.id != here.id) return "registry";
  if (there.endpoint != here.endpoint) return "registry address";
  if (there.kind != here.kind) return "kind of registry";
  if (there.tls_verify != here.tls_verify || there.plain_http != here.plain_http) return "TLS setting of the registry";
  return {};
}

}  // namespace

Result<Secret> bind_credentials(const Secret& credentials, const Job& job, SystemTime expires) {
  auto inner = parse_json(credentials.reveal(), "credentials", kJsonFields);
  if (!inner) return inner.error();
  json document{{"job_id", job.id}, {"registry", job.registry}, {"expires_at", to_rfc3339(expires)}};
  document["credentials"] = *std::move(inner);
  std::string text = dump_json(document);
  wipe_texts(document);
  Secret out(text);
  wipe(text);
  return out;
}

Result<Credentials> unbind_credentials(const Secret& opened, const Job& job, SystemTime now) {
  auto bound = read_bound(opened);
  if (!bound) return bound.error();
  if (const std::string other = difference(*bound, job); !other.empty()) {
    return Error(ErrorCode::unauthorized, "the job's credentials were sealed for another " + other +
                                              " than the job names, and are not used: its answer was changed on the way from the platform");
  }
  if (now >= bound->expires) {
    return Error(ErrorCode::unauthorized, "the job's credentials expired at " + to_rfc3339(bound->expires) +
                                              ", and are not used: compare the clocks of sensor and platform");
  }
  return parse_credentials(bound->credentials);
}

}  // namespace landwaiter::protocol
