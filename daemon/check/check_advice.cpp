// SPDX-License-Identifier: Apache-2.0
#include "daemon/check/check_advice.hpp"

namespace landwaiter::daemon {
namespace {

/// A certificate that ends sooner deserves a word.
constexpr std::chrono::days kExpirySoon{30};

bool refused(const Error& error) { return error.code() == ErrorCode::unauthorized || error.code() == ErrorCode::forbidden; }

bool mentions(const Error& error, std::string_view text) { return error.message().find(text) != std::string::npos; }

}  // namespace

std::string describe_certificate(const registry::TlsFacts& facts) {
  if (facts.subject.empty() && facts.issuer.empty()) return "no certificate's name is known";
  const std::string issuer = facts.subject == facts.issuer ? "signed by itself" : "signed by " + facts.issuer;
  return "certificate of " + facts.subject + ", " + issuer + ", good until " + to_rfc3339(facts.not_after);
}

std::string advice_for_address(const Error& error) {
  if (error.code() == ErrorCode::configuration) {
    return "the way to the registry is set wrongly: see to --proxy and --no-proxy (or HTTPS_PROXY, HTTP_PROXY, NO_PROXY) and to the "
           "certificate files";
  }
  return "check the name and the port, and whether a firewall or a proxy stands between this machine and the registry";
}

std::string advice_for_tls(const Error& error, const std::optional<registry::TlsFacts>& facts, SystemTime now, const std::string& host) {
  if (mentions(error, "plain HTTP")) return "if the registry speaks plain HTTP and the network can be trusted: --plain-http";
  if (!facts) return "the handshake itself fails: the server must speak TLS 1.2 or later on this port";
  if (facts->not_after < now) return "the certificate has expired: the registry needs a new one";
  if (mentions(error, "mismatch"))
    return "the certificate is for another name than " + host + ": use the name that it is for, or get one for this name";
  const std::string authority =
      facts->subject == facts->issuer ? "the certificate itself" : "the certificate of its authority (" + facts->issuer + ")";
  return "trust " + authority + ": --ca-file FILE, or /etc/docker/certs.d/" + host + "/ca.crt; only to try it out: --insecure";
}

std::string advice_for_expiry(const registry::TlsFacts& facts, SystemTime now) {
  if (facts.not_after >= now + kExpirySoon || facts.not_after == SystemTime{}) return {};
  const auto days = std::chrono::floor<std::chrono::days>(facts.not_after - now).count();
  if (days < 0) return "the certificate has expired";
  return "the certificate ends in " + std::to_string(days) + " days: see to a new one";
}

std::string advice_for_api(int status, bool tls) {
  if (!tls && (status == 0 || status == 400)) return "the port may speak TLS: write https:// before the host, and leave out --plain-http";
  if (status == 0) return "what answers there does not speak HTTP as it should: check the port";
  if (status == 404)
    return "there is no registry API (/v2/) on this host and port: check the address; some products serve it on a port or a name of its "
           "own";
  if (status == 403) return "it refuses everybody from here: it may have an allow-list of addresses";
  if (status == 429) return "it is asked too often: wait, and scan with fewer connections";
  if (status >= 500) return "the registry, or a proxy before it, is in trouble: try again, and look into its log";
  return "check that the address is a registry's";
}

std::string advice_for_login(const Error& error, bool anonymous) {
  if (error.code() == ErrorCode::malformed)
    return "the registry names a token service that no credentials are sent to: its configuration (realm) must name an https address";
  if (!refused(error)) return "the token service must be reachable from this machine, too";
  if (anonymous) return "give credentials: --username with --password-stdin, --token-stdin, or what `docker login` has stored";
  return "check user name and password or token; where passwords are not accepted (single sign-on), make an access token or a robot "
         "account";
}

std::string advice_for_catalog(const Error& error) {
  const std::string instead = "or name the repositories to be scanned, which needs no such right (here: --repository)";
  if (refused(error))
    return "listing is a right of its own (the scope registry:catalog:*, often an administrator's): give it to the account, " + instead;
  if (error.code() == ErrorCode::not_found || error.code() == ErrorCode::unsupported)
    return "this registry has no list for everybody: choose its kind, " + instead;
  return "try again later, " + instead;
}

std::string advice_for_pull(const Error& error, const std::string& repository) {
  if (refused(error)) return "give the account the right to pull from " + repository;
  if (error.code() == ErrorCode::not_found)
    return "check the repository's name; some registries say so too when the right to pull is missing";
  if (error.code() == ErrorCode::digest_mismatch)
    return "something on the way, or the registry, changes what is stored: scans will refuse it";
  return "choose another repository with --repository, and look into the registry's log";
}

std::string advice_for_blob(const Error& error, const std::string& repository) {
  if (error.code() == ErrorCode::unavailable || error.code() == ErrorCode::timeout || error.code() == ErrorCode::tls) {
    return "blobs may come from another host than the registry (its storage): this machine must reach that host, too";
  }
  if (error.code() == ErrorCode::not_found) return "the registry has lost a blob of its own manifest: push the image again";
  return advice_for_pull(error, repository);
}

}  // namespace landwaiter::daemon
