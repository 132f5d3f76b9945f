// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <optional>
#include <string>
#include <vector>

namespace landwaiter::detectors {

/// OpenSSL's values as text that is safe to store and print, each cut to limits::attribute_bytes_max.

/// RFC 4514 in UTF-8: "CN=a,O=b". Undecodable values are written as "#" and hexadecimal.
std::string name_text(const X509_NAME* name);
/// The last common name, which is the one that programs show; empty if there is none.
std::string common_name(const X509_NAME* name);
/// "2030-01-31T00:00:00Z"; nothing if it is not a time.
std::optional<std::string> time_text(const ASN1_TIME* time);
/// Lower-case hexadecimal of whole bytes, "-" in front of a negative number.
std::string integer_text(const ASN1_INTEGER* integer);
/// "DNS:a", "IP:1.2.3.4", "email:", "URI:", "DirName:", "RID:", "othername:<OID>"; at most
/// limits::subject_alternative_names_max of them.
std::vector<std::string> general_names_text(const GENERAL_NAMES* names);
/// printable() within limits::attribute_bytes_max; cut text ends in "...".
std::string attribute_text(std::string_view raw);
/// Printable text cut to the length of a title, between characters.
std::string title_text(std::string text);

}  // namespace landwaiter::detectors
