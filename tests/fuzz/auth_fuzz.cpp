// SPDX-License-Identifier: Apache-2.0
// Documents that hold credentials: what is read of them goes there and back, keeps within its limits, and no error repeats a part of
// the input.
#include "core/base/limits.hpp"
#include "core/wire/credentials.hpp"
#include "registry/auth/aws_api.hpp"
#include "registry/auth/docker_config.hpp"
#include "registry/auth/google_login.hpp"
#include "registry/auth/scope.hpp"
#include "registry/auth/token_answer.hpp"

#include <cstdint>
#include <cstdlib>

using namespace landwaiter;
using namespace landwaiter::registry;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void token_answer(const std::string& text) {
  const SteadyTime asked_at{std::chrono::hours(1000)};
  std::string body = text;
  const auto token = parse_token_answer(body, from_unix_us(1'600'000'000'000'000), asked_at);
  require(body.empty());
  if (!token) return;
  require(!token->text.empty() && token->text.reveal().find_first_of(" \r\n") == std::string::npos);
  require(token->good_until <= asked_at + limits::token_lifetime_max && token->use_until < token->good_until);
}

void credentials(const std::string& text) {
  const auto read = parse_credentials(Secret(text));
  if (!read) return;
  const Secret written = serialize(*read);
  const auto again = parse_credentials(written);
  require(again && again->kind == read->kind && serialize(*again).equals(written.reveal()));
}

void docker_config(const std::string& text) {
  DockerConfig config;
  config.environment = [&](const std::string& name) {
    return name == "DOCKER_AUTH_CONFIG" ? std::optional<std::string>(text) : std::nullopt;
  };
  config.read_file = [](const std::string&) -> Result<std::optional<std::string>> { return std::optional<std::string>(); };
  config.run_helper = [](const std::string& name, const std::string&) -> Result<std::optional<HelperAnswer>> {
    require(is_helper_name(name));
    return std::optional<HelperAnswer>();
  };
  const auto found = find_credentials(config, "r.example", "team/app");
  require(found.key_path.empty() || std::string_view("team/app").starts_with(found.key_path));
}

void scopes(const std::string& text) {
  const std::string permitted = permitted_scope("repository:a:pull", text);
  require(permitted.empty() || permitted.starts_with("repository:a:"));
  require(permitted.find("push") == std::string::npos && permitted.find('*') == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  token_answer(text);
  credentials(text);
  docker_config(text);
  scopes(text);
  if (const auto key = parse_google_key(Secret(text))) require(!key->client_email.empty() && !key->private_key.empty());
  if (const auto host = parse_ecr_host(text)) require(host->region.find('.') == std::string::npos);
  std::string answer = text;
  if (const auto helper = parse_helper_answer(answer)) require(!helper->secret.empty());
  require(answer.empty());
  return 0;
}
