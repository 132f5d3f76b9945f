// SPDX-License-Identifier: Apache-2.0
// docker-credential-helpers, "Development": the protocol of the programs.
#include "registry/auth/credential_helper.hpp"

#include "core/base/json_reader.hpp"
#include "core/base/json_text.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/os/process.hpp"

#include <algorithm>

namespace landwaiter::registry {
namespace {

Result<std::optional<HelperAnswer>> converse(const std::string& file, const std::string& server) {
  const ProgramLimits within{limits::token_bytes_max, limits::credential_helper_timeout};
  auto ended = run_program(file, {"get"}, server + '\n', within);
  if (!ended) return ended.error();
  if (ended->succeeded == true) {
    auto answer = parse_helper_answer(ended->output);
    if (!answer) return answer.error();
    return std::optional<HelperAnswer>(std::move(*answer));
  }
  const bool none = ended->output.starts_with("credentials not found");
  wipe(ended->output);
  if (none) return std::optional<HelperAnswer>();
  if (!ended->succeeded) return Error(ErrorCode::timeout, "it did not end in time");
  return Error(ErrorCode::io, "it failed");
}

}  // namespace

bool is_helper_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 128 && std::ranges::all_of(name, fits);
}

Result<HelperAnswer> parse_helper_answer(std::string& text) {
  auto document = parse_json(text, "its answer", kJsonFields);
  wipe(text);
  if (!document) return document.error();
  HelperAnswer out;
  out.username = text_of(*document, "Username");
  out.secret = Secret(text_of(*document, "Secret"));
  wipe_texts(*document);
  if (out.secret.empty()) return Error(ErrorCode::malformed, "its answer has no Secret");
  return out;
}

Result<std::optional<HelperAnswer>> run_credential_helper(const std::string& name, const std::string& server, const std::string& path) {
  if (!is_helper_name(name)) return Error(ErrorCode::configuration, "not the name of a credential helper: " + landwaiter::quoted(name));
  const std::string program = "docker-credential-" + name;
  const auto file = find_program(program, path);
  if (!file) return Error(ErrorCode::configuration, "the credential helper " + program + " is not in PATH");
  auto answer = converse(*file, server);
  if (answer) return answer;
  const std::string advice = "; try it by hand: echo " + server + " | " + program + " get";
  return Error(answer.error().code(), "the credential helper " + program + ": " + answer.error().message() + advice);
}

}  // namespace landwaiter::registry
