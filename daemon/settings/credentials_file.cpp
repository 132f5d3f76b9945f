// SPDX-License-Identifier: Apache-2.0
#include "daemon/settings/credentials_file.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"

#include <fstream>
#include <iostream>

namespace landwaiter::daemon {
namespace {

constexpr std::string_view kStandardInput = "-";

Result<Secret> read_whole(std::istream& in) {
  // Reserved at the largest size: growing would leave copies.
  std::string text(static_cast<std::size_t>(limits::credentials_file_bytes_max) + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  const bool broken = in.bad();
  const auto size = static_cast<std::size_t>(in.gcount());
  const Secret out(text.substr(0, size));
  wipe(text);
  if (broken) return Error(ErrorCode::io, "cannot be read");
  if (size > limits::credentials_file_bytes_max) {
    return Error(ErrorCode::limit_exceeded, "is larger than " + human_bytes(limits::credentials_file_bytes_max));
  }
  return out;
}

}  // namespace

Result<Credentials> read_credentials(const std::string& file) {
  const bool standard_input = file == kStandardInput;
  const std::string name = standard_input ? "the credentials on standard input" : "the credentials file " + landwaiter::quoted(file);
  std::ifstream opened;
  if (!standard_input) {
    opened.open(file, std::ios::binary);
    if (!opened) return Error(ErrorCode::io, name + " cannot be opened");
  }
  auto text = read_whole(standard_input ? std::cin : opened);
  if (!text) return Error(text.error().code(), name + " " + text.error().message());
  auto credentials = parse_credentials(*text);
  if (!credentials) return credentials.error().with_context(name);
  return credentials;
}

}  // namespace landwaiter::daemon
