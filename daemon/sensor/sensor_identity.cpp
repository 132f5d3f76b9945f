// SPDX-License-Identifier: Apache-2.0
#include "daemon/sensor/sensor_identity.hpp"

#include "core/base/encoding.hpp"
#include "core/base/json_reader.hpp"
#include "core/os/files.hpp"

#include <sodium.h>

#include <array>

namespace landwaiter::daemon {
namespace {

/// Our own files have a few hundred bytes.
constexpr std::size_t kStateBytesMax = 64 * 1024;

/// The folder is checked first, so that nobody else can have put the file there, or taken one away. not_found when there is none.
Result<Secret> read_state(const std::filesystem::path& file) {
  auto folder = make_private_directory(file.parent_path());
  if (!folder) return folder.error();
  return read_private_file(file, kStateBytesMax);
}

}  // namespace

Secret random_key() {
  std::array<std::uint8_t, 32> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  Secret key(hex_encode(bytes));
  sodium_memzero(bytes.data(), bytes.size());
  return key;
}

SensorIdentity new_identity() {
  std::array<std::uint8_t, crypto_box_PUBLICKEYBYTES> public_key{};
  std::array<std::uint8_t, crypto_box_SECRETKEYBYTES> private_key{};
  crypto_box_keypair(public_key.data(), private_key.data());
  SensorIdentity identity;
  identity.public_key = base64_encode(public_key);
  identity.private_key = Secret(std::string(as_text(private_key)));
  sodium_memzero(private_key.data(), private_key.size());
  return identity;
}

Result<SensorIdentity> load_identity(const std::filesystem::path& state_directory) {
  const std::filesystem::path file = state_directory / "sensor.key";
  auto text = read_state(file);
  if (!text && text.error().code() == ErrorCode::not_found) return new_identity();
  if (!text) return text.error();
  auto document = parse_json(text->reveal(), file.string(), kJsonFields);
  if (!document) return document.error();
  SensorIdentity identity;
  auto read = read_json_fields(file.string(), [&] {
    document->at("sensor_id").get_to(identity.sensor_id);
    document->at("public_key").get_to(identity.public_key);
    identity.token = Secret(document->at("token").get<std::string>());
    const auto key = base64_decode(document->at("private_key").get<std::string>()).value_or(Bytes());
    identity.private_key = Secret(std::string(as_text(key)));
  });
  if (!read) return read.error();
  return identity;
}

Result<void> save_identity(const std::filesystem::path& state_directory, const SensorIdentity& identity) {
  std::string text = dump_json_pretty({{"sensor_id", identity.sensor_id},
                                       {"token", identity.token.reveal()},
                                       {"public_key", identity.public_key},
                                       {"private_key", base64_encode(as_bytes(identity.private_key.reveal()))}});
  auto written = write_private_file(state_directory / "sensor.key", text);
  wipe(text);
  return written;
}

Result<Secret> open_sealed(const SensorIdentity& identity, const std::string& sealed_base64) {
  const auto sealed = base64_decode(sealed_base64);
  const auto public_key = base64_decode(identity.public_key);
  const bool keys_fit =
      public_key && public_key->size() == crypto_box_PUBLICKEYBYTES && identity.private_key.reveal().size() == crypto_box_SECRETKEYBYTES;
  const Error failed(ErrorCode::malformed, "the job's credentials are not sealed for this sensor; enroll it again");
  if (!sealed || !keys_fit || sealed->size() < crypto_box_SEALBYTES) return failed;
  std::string plain(sealed->size() - crypto_box_SEALBYTES, '\0');
  const int opened = crypto_box_seal_open(reinterpret_cast<unsigned char*>(plain.data()), sealed->data(), sealed->size(),
                                          public_key->data(), as_bytes(identity.private_key.reveal()).data());
  Secret secret(plain);
  wipe(plain);
  if (opened != 0) return failed;
  return secret;
}

}  // namespace landwaiter::daemon
