// SPDX-License-Identifier: Apache-2.0
#include "detectors/key_files/key_file_detector.hpp"

#include "detectors/key_files/age_key.hpp"
#include "detectors/key_files/cryptoapi_key.hpp"
#include "detectors/key_files/dnssec_key.hpp"
#include "detectors/key_files/json_keys.hpp"
#include "detectors/key_files/keepass.hpp"
#include "detectors/key_files/keytab.hpp"
#include "detectors/key_files/putty_key.hpp"
#include "detectors/key_files/sealed_text.hpp"
#include "detectors/key_files/signify_key.hpp"
#include "detectors/key_files/wireguard_key.hpp"

#include <array>

namespace landwaiter::detectors {
namespace {

using Inspect = void (*)(const Window&, const Hit&, FindingSink&);

struct Format {
  std::string_view pattern;
  std::size_t max_length;
  Inspect inspect;
};

/// A trigger's id is its place here.
constexpr std::array kFormats{
    Format{"PuTTY-User-Key-File-[123]: ", 23, &inspect_putty_key},
    Format{"AGE-(?:SECRET-KEY|PLUGIN)-", 15, &inspect_age_identity},
    Format{"age1[02-9ac-hj-np-z]{58}", 62, &inspect_age_recipient},
    Format{"untrusted comment: ", 19, &inspect_signify_key},
    // Names that are complete literals: `[Kk]ey` would make every "key" in a file a candidate. The last of 43 characters holds four bits
    // of the key.
    Format{"(?:PrivateKey|PresharedKey|PublicKey|privatekey|presharedkey|publickey|private-key|preshared-key)[ \\t]{0,8}=[ \\t]{0,8}"
           "[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=",
           80, &inspect_wireguard_key},
    Format{"\\[wireguard-peer\\.[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=", 60, &inspect_wireguard_key},
    Format{"Private-key-format: v1\\.", 23, &inspect_dnssec_private},
    Format{"(?:DNSKEY|(?:initial|static)-key)[ \\t]{1,8}[0-9]{1,5}[ \\t]{1,8}3[ \\t]{1,8}[0-9]{1,3}[ \\t]", 48, &inspect_dnskey},
    Format{"algorithm[ \\t\\r\\n]{1,8}\"?(?:hmac|HMAC)-", 23, &inspect_tsig_key},
    Format{"-----BEGIN ENCRYPTED (?:COSIGN|SIGSTORE) PRIVATE KEY-----", 48, &inspect_cosign_key},
    Format{"\\$ANSIBLE_VAULT;1\\.[12];AES256", 25, &inspect_ansible_vault},
    Format{"\"(?:primaryKeyId|encryptedKeyset)\"", 17, &inspect_tink_keyset},
    Format{"\"_type\"[ \\t\\r\\n]{0,4}:[ \\t\\r\\n]{0,4}\"[Rr]oot\"", 22, &inspect_tuf_root},
    Format{R"(\x03\xd9\xa2\x9a[\x65\x66\x67]\xfb\x4b\xb5)", 8, &inspect_keepass},
    // A first record of less than 64 KiB with one to eight components and a realm of less than 256 bytes; or one that was deleted.
    Format{R"(\x05\x02\x00\x00[\x00-\xff]{2}\x00[\x01-\x08]\x00[\x01-\xff][\x21-\x7e])", 11, &inspect_keytab},
    Format{R"(\x05\x02\xff\xff[\x00-\xff]{2}\x00[\x00-\x08]\x00{8})", 16, &inspect_keytab},
    // Version 1, as written by big-endian machines; the other byte order is not distinctive.
    Format{R"(\x05\x01\x00\x00[\x00-\xff]{2}\x00[\x02-\x08]\x00[\x01-\xff][\x21-\x7e])", 11, &inspect_keytab},
    Format{R"(\x1e\xf1\xb5\xb0\x00{4})", 8, &inspect_pvk},
    Format{R"([\x06\x07]\x02\x00\x00\x00[\x22\x24\xa4]\x00\x00(?:RSA|DSS)[12])", 12, &inspect_key_blob},
};

}  // namespace

std::vector<Trigger> KeyFileDetector::triggers() const {
  std::vector<Trigger> out;
  for (std::size_t i = 0; i < kFormats.size(); ++i)
    out.push_back({static_cast<int>(i), std::string(kFormats[i].pattern), kFormats[i].max_length});
  return out;
}

void KeyFileDetector::inspect(const Window& window, const Hit& hit, FindingSink& sink) const {
  kFormats.at(static_cast<std::size_t>(hit.trigger)).inspect(window, hit, sink);
}

}  // namespace landwaiter::detectors
