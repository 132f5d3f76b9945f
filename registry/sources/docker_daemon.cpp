// SPDX-License-Identifier: Apache-2.0
// Docker's Engine API, "Export an image" (GET /images/{name}/get), which Podman serves as well.
#include "registry/sources/docker_daemon.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "registry/client/reference.hpp"
#include "registry/http/status_error.hpp"
#include "registry/http/transport_local.hpp"
#include "registry/sources/docker_archive.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::registry {
namespace {

constexpr std::string_view kUnix = "unix://";
constexpr std::string_view kDigest = "sha256:";

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// As `docker images` shows them, or in full.
bool is_id(std::string_view name) { return name.size() >= 12 && name.size() <= 64 && is_hex(name); }

std::string other_way(const std::string& name) { return "docker save " + printable(name) + " | landwaiter scan -"; }

/// The names to ask for, one after another. A name without a tag would be all its tags.
Result<std::vector<std::string>> names_to_ask(std::string_view text) {
  const std::string name(text.substr(text.starts_with('@') ? 1 : 0));
  if (name.starts_with(kDigest)) {
    if (is_id(std::string_view(name).substr(kDigest.size()))) return std::vector<std::string>{name};
    return Error(ErrorCode::invalid_argument, "not an image's id: " + landwaiter::quoted(text));
  }
  std::vector<std::string> out;
  if (is_id(name)) out.push_back(name);
  const auto reference = Reference::parse(name);
  if (!reference && out.empty()) return reference.error();
  if (!reference) return out;
  if (!reference->digest.empty()) {
    out.push_back(name);
    out.push_back(reference->digest.str());
  } else {
    const bool tagged = name.ends_with(':' + reference->tag);
    out.push_back(tagged ? name : name + ":latest");
  }
  return out;
}

/// What a socket that refused us needs.
Error explained(const Error& error, const std::string& socket) {
  std::string text = landwaiter::quoted(socket) + ": " + error.message();
  if (error.code() == ErrorCode::forbidden)
    text += " (root and the members of its group, mostly \"docker\", may use it: usermod -aG docker USER, and log in again)";
  return {error.code(), text};
}

Error status_error(LocalAnswer& answer, const std::string& socket) {
  const int status = answer.status();
  const std::string said = message_of_body(read_text(answer, limits::error_body_bytes_max));
  std::string text = landwaiter::quoted(socket) + ": " + name_of_status(status);
  if (!said.empty()) text += ": " + landwaiter::quoted(said, 200);
  return {code_of_status(status), text};
}

Result<std::shared_ptr<const SeekableFile>> receive_one(const std::string& name, const std::string& socket) {
  auto answer = get_from_local(socket, "/images/" + name + "/get");
  if (!answer) return explained(answer.error(), socket);
  if ((*answer)->status() != 200) return status_error(**answer, socket);
  const auto next = [&answer](std::span<std::uint8_t> buffer) { return (*answer)->read(buffer); };
  return SeekableFile::keep(next, "the image " + landwaiter::quoted(name) + " from " + landwaiter::quoted(socket));
}

/// How much an error says about the image: one of a program that answered says more than that of a socket that is not there.
int weight(ErrorCode code) {
  if (code == ErrorCode::forbidden) return 2;
  return code == ErrorCode::not_found ? 1 : 3;
}

}  // namespace

Result<std::vector<std::string>> daemon_sockets(const Variables& environment) {
  std::vector<std::string> sockets;
  for (const char* variable : {"DOCKER_HOST", "CONTAINER_HOST"}) {
    const std::string address = environment(variable).value_or("");
    if (address.empty()) continue;
    if (!address.starts_with(kUnix)) {
      return Error(ErrorCode::invalid_argument,
                   std::string(variable) + " is " + landwaiter::quoted(without_login(address)) +
                       ", and only unix:// sockets of this machine are asked; send the image: " + other_way("IMAGE"));
    }
    sockets.push_back(address.substr(kUnix.size()));
  }
  if (!sockets.empty()) return sockets;
  sockets.emplace_back("/var/run/docker.sock");
  const std::string runtime = environment("XDG_RUNTIME_DIR").value_or("");
  if (!runtime.empty()) {
    sockets.push_back(runtime + "/docker.sock");
    sockets.push_back(runtime + "/podman/podman.sock");
  }
  sockets.emplace_back("/run/podman/podman.sock");
  return sockets;
}

Result<std::shared_ptr<const SeekableFile>> receive_from_daemon(const std::string& name, const std::vector<std::string>& sockets) {
  const auto names = names_to_ask(name);
  if (!names) return names.error();
  std::vector<Error> failed;
  for (const std::string& socket : sockets) {
    for (const std::string& one : *names) {
      auto received = receive_one(one, socket);
      if (received) return received;
      failed.push_back(received.error());
    }
  }
  std::ranges::stable_sort(failed, std::greater<>(), [](const Error& error) { return weight(error.code()); });
  std::string text;
  for (const Error& error : failed) {
    if (text.find(error.message()) == std::string::npos) text += (text.empty() ? "" : "; ") + error.message();
  }
  const ErrorCode code = failed.empty() ? ErrorCode::not_found : failed.front().code();
  return Error(code, "cannot have " + landwaiter::quoted(name) + " from Docker or Podman: " + text +
                         ". DOCKER_HOST=unix://SOCKET names another socket; without one: " + other_way(names->front()));
}

Result<std::unique_ptr<ImageSource>> open_received(const std::string& name, std::shared_ptr<const SeekableFile> received) {
  const std::string where = "docker-daemon:" + name;
  auto tar = TarFile::open(std::move(received), where);
  if (!tar) return tar.error();
  if (!tar->contains("manifest.json"))
    return Error(ErrorCode::unsupported,
                 where + ": what Docker or Podman sent has no manifest.json; send it another way: " + other_way(name));
  return docker_archive_in(*std::move(tar), where, "");
}

}  // namespace landwaiter::registry
