// SPDX-License-Identifier: Apache-2.0
// Whatever the bytes are, what is said of OpenPGP keys, keyboxes and agent files is fit for a report, and no key block, keybox or
// expression takes more bytes than there are.
#include "detectors/openpgp/gpg_agent_key.hpp"
#include "detectors/openpgp/keybox.hpp"
#include "detectors/openpgp/openpgp_armor.hpp"
#include "detectors/openpgp/openpgp_detector.hpp"
#include "detectors/openpgp/openpgp_keyblock.hpp"
#include "tests/fuzz/inspect.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace landwaiter;
  using namespace landwaiter::detectors;
  const ByteView bytes(data, size);
  const OpenPgpDetector detector;
  inspect_everywhere(detector, bytes);
  for (const std::size_t end : {std::size_t{10}, std::size_t{11}, std::size_t{13}, std::size_t{14}}) {
    if (end > size) break;
    const Window window{bytes, 0, true};
    CheckingSink sink(window);
    inspect_at(detector, window, Hit{1, end}, sink);
  }
  const std::string armored = as_pem("PGP PRIVATE KEY BLOCK", bytes);
  const Window window{as_bytes(armored), 0, true};
  CheckingSink sink(window);
  inspect_at(detector, window, Hit{0, armored.find('\n')}, sink);
  const auto armor = openpgp::read_armor(as_bytes(armored), armored.find('\n'), true);
  if (armor.state == pem::State::decoded && !std::ranges::equal(armor.body.view(), bytes)) std::abort();

  const auto block = openpgp::read_key_block(bytes);
  if (block && (block->members.empty() || block->size > size || block->members.front().key.fingerprint.empty())) std::abort();
  const auto box = read_keybox(bytes);
  if (box && box->size > size) std::abort();
  const auto agent = read_agent_key(bytes);
  if (agent && (agent->size > size || agent->public_key.spki.empty())) std::abort();
  return 0;
}
