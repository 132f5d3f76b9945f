// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"
#include "core/base/secret.hpp"

#include <optional>
#include <string>

namespace landwaiter::registry {

/// What a credential helper stores for a server. The name "<token>" says that the secret is an identity token.
struct HelperAnswer {
  std::string username;
  Secret secret;
};

/// Letters, digits, ".", "_" and "-": what may follow "docker-credential-".
bool is_helper_name(std::string_view name);

/// Reads what a helper wrote for "get": {"ServerURL":...,"Username":...,"Secret":...}. The text is wiped. Error malformed, without a value.
Result<HelperAnswer> parse_helper_answer(std::string& text);

/// Runs docker-credential-NAME from the folders of `path` (as in PATH; relative ones are skipped) with "get" and the server on its
/// standard input, as docker does, without a shell. Nothing when it has no credentials for the server. Its other output is not repeated,
/// because it may contain a secret. Blocks, at most limits::credential_helper_timeout. Errors: configuration (no such program), timeout,
/// limit_exceeded, malformed, io.
Result<std::optional<HelperAnswer>> run_credential_helper(const std::string& name, const std::string& server, const std::string& path);

}  // namespace landwaiter::registry
