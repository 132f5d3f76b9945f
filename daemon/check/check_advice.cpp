// SPDX-License-Identifier: Apache-2.0
#include "daemon/check/check_advice.hpp"

namespace landwaiter::daemon {
namespace {

/// A certificate that expires sooner gets a note.
constexpr std::chrono::days kExpirySoon{30};

bool refused(const Error& error) { return error.code() == ErrorCode::unauthorized || error.code() == ErrorCode::forbidden; }

bool mentions(const Error& error, std::string_view text) { return error.message().find(text) != std::string::npos; }

}  // namespace

std::string describe_certificate(const registry::TlsFacts& facts) {
  if (facts.subject.empty() && facts.issuer.empty()) return "the certificate has no name";
  const std::string issuer = facts.subject == facts.issuer ? "self-signed" : "signed by " + facts.issuer;
  return "certificate of " + facts.subject + ", " + issuer + ", valid until " + to_rfc3339(facts.not_after);
}

std::string advice_for_address(const Error& error) {
  if (error.code() == ErrorCode::configuration) {
    return "the network settings are wrong: check --proxy and --no-proxy (or HTTPS_PROXY, HTTP_PROXY, NO_PROXY) and the "
           "certificate files";
  }
  return "check the name and the port, and whether a firewall or a proxy is between this machine and the registry";
}

std::string advice_for_tls(const Error& error, const std::optional<registry::TlsFacts>& facts, SystemTime now, const std::string& host) {
  if (mentions(error, "plain HTTP")) return "if the registry speaks plain HTTP and the network can be trusted: --plain-http";
  if (!facts) return "the handshake itself fails: the server must speak TLS 1.2 or later on this port";
  if (facts->not_after < now) return "the certificate has expired: the registry needs a new one";
  if (mentions(error, "mismatch"))
    return "the certificate is not for the name " + host + ": use the name in the certificate, or get one for this name";
  const std::string authority =
      facts->subject == facts->issuer ? "the certificate itself" : "the certificate of its CA (" + facts->issuer + ")";
  return "trust " + authority + ": --ca-file FILE, or /etc/docker/certs.d/" + host + "/ca.crt; for a quick test only: --insecure";
}

std::string advice_for_expiry(const registry::TlsFacts& facts, SystemTime now) {
  if (facts.not_after >= now + kExpirySoon || facts.not_after == SystemTime{}) return {};
  const auto days = std::chrono::floor<std::chrono::days>(facts.not_after - now).count();
  if (days < 0) return "the certificate has expired";
  return "the certificate expires in " + std::to_string(days) + " days: renew it";
}

std::string advice_for_api(int status, bool tls) {
  if (!tls && (status == 0 || status == 400)) return "the port may use TLS: put https:// before the host, and drop --plain-http";
  if (status == 0) return "the answer is not valid HTTP: check the port";
  if (status == 404)
    return "there is no registry API (/v2/) on this host and port: check the address; some products serve it on a separate port or "
           "host name";
  if (status == 403) return "it refuses all requests from here: it may have an allowlist of addresses";
  if (status == 429) return "it is rate limiting: wait, and scan with fewer connections";
  if (status >= 500) return "the registry, or a proxy in front of it, has a problem: try again, and look at its log";
  return "check that the address belongs to a registry";
}

std::string advice_for_login(const Error& error, bool anonymous) {
  if (error.code() == ErrorCode::malformed)
    return "no credentials are sent to the token service that the registry names: its configuration (realm) must name an https address";
  if (!refused(error)) return "the token service must also be reachable from this machine";
  if (anonymous)
    return "give credentials: LANDWAITER_USERNAME and LANDWAITER_PASSWORD, LANDWAITER_TOKEN, --username with --password-stdin, "
           "--token-stdin, or what `docker login` has stored";
  return "check the user name and password or token; where passwords are not accepted (single sign-on), create an access token or a robot "
         "account";
}

std::string advice_for_catalog(const Error& error) {
  const std::string instead = "or name the repositories to scan, which does not need that permission (here: --repository)";
  if (refused(error))
    return "listing needs its own permission (the scope registry:catalog:*, often only for administrators): grant it to the account, " +
           instead;
  if (error.code() == ErrorCode::not_found || error.code() == ErrorCode::unsupported)
    return "this registry has no catalog: choose its kind (--kind), " + instead;
  return "try again later, " + instead;
}

std::string advice_for_pull(const Error& error, const std::string& repository) {
  if (refused(error)) return "grant the account permission to pull from " + repository;
  if (error.code() == ErrorCode::not_found)
    return "check the repository's name; some registries also answer this way when the permission to pull is missing";
  if (error.code() == ErrorCode::digest_mismatch)
    return "the registry, or something between it and this machine, changes the content: scans will reject it";
  return "choose another repository with --repository, and look at the registry's log";
}

std::string advice_for_blob(const Error& error, const std::string& repository) {
  if (error.code() == ErrorCode::unavailable || error.code() == ErrorCode::timeout || error.code() == ErrorCode::tls) {
    return "blobs may come from another host than the registry (its storage): this machine must reach that host as well";
  }
  if (error.code() == ErrorCode::not_found) return "the registry has lost a blob of its own manifest: push the image again";
  return advice_for_pull(error, repository);
}

}  // namespace landwaiter::daemon
