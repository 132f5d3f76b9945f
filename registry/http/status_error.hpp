// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "registry/http/transport.hpp"

#include <string>

namespace landwaiter::registry {

ErrorCode code_of_status(int status);
/// Whether the status redirects with a Location (RFC 9110 section 15.4).
bool is_redirect(int status);
/// "404 Not Found", or "status 418" for a status without a name here.
std::string name_of_status(int status);
/// Code and message of the first error of a body (distribution-spec, "Error Codes"; also the forms {"message":...}, {"error":...},
/// {"error_description":...} and {"Error":{"Code":...,"Message":...}} of other APIs), or the title of a page; empty for any other form.
/// Untrusted text: quote it.
std::string message_of_body(const std::string& body);
/// Sets how long an answer asks to wait: its Retry-After, otherwise a hint in its body, otherwise, if a limit's window is spent
/// ("ratelimit-remaining: 0;w=21600"), a quarter of that window. At most limits::retry_after_max.
void set_retry_after(Error& error, const HttpResponse& response, SystemTime now, std::string_view body = {});

}  // namespace landwaiter::registry
