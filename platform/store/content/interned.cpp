// SPDX-License-Identifier: Apache-2.0
#include "platform/store/content/interned.hpp"

#include "core/base/encoding.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace landwaiter::platform {
namespace {

std::optional<std::int64_t> first_number(Rows rows) {
  if (!rows.next()) return std::nullopt;
  return rows.integer(0);
}

std::optional<std::int64_t> known_state_id(Transaction& transaction, std::string_view part, const Digest& state) {
  return first_number(transaction.query("SELECT id FROM analysis_state WHERE part=? AND state=?", {part, state}));
}

std::optional<std::int64_t> known_engine_id(Transaction& transaction, const std::string& states) {
  return first_number(transaction.query("SELECT id FROM engine WHERE states=?", {states}));
}

}  // namespace

Bytes digest_key(const Digest& digest) { return digest.empty() ? Bytes() : hex_decode(digest.hex()).value_or(Bytes()); }

Digest digest_of_key(ByteView key) {
  constexpr std::size_t kSha256Bytes = 32, kSha512Bytes = 64;
  if (key.size() == kSha256Bytes) return Digest::from_raw(Digest::Algorithm::sha256, key);
  if (key.size() == kSha512Bytes) return Digest::from_raw(Digest::Algorithm::sha512, key);
  return {};
}

std::optional<std::int64_t> known_layer_id(Transaction& transaction, const Digest& layer) {
  return first_number(transaction.query("SELECT id FROM layer WHERE digest=?", {digest_key(layer)}));
}

std::int64_t layer_id(Transaction& transaction, const Digest& layer) {
  if (const auto known = known_layer_id(transaction, layer)) return *known;
  transaction.run("INSERT INTO layer(digest) VALUES(?) ON CONFLICT DO NOTHING", {digest_key(layer)});
  return known_layer_id(transaction, layer).value_or(0);
}

std::int64_t state_id(Transaction& transaction, std::string_view part, const Digest& state) {
  if (const auto known = known_state_id(transaction, part, state)) return *known;
  transaction.run("INSERT INTO analysis_state(part,state) VALUES(?,?) ON CONFLICT DO NOTHING", {part, state});
  return known_state_id(transaction, part, state).value_or(0);
}

std::int64_t engine_id(Transaction& transaction, const EngineState& engine) {
  std::vector<std::int64_t> ids{state_id(transaction, kFactsPart, engine.walker)};
  for (const AnalysisState& of : engine.states) ids.push_back(state_id(transaction, to_string(of.analysis), of.state));
  std::ranges::sort(ids);
  std::string states;
  for (const std::int64_t id : ids) states += (states.empty() ? "" : ",") + std::to_string(id);
  if (const auto known = known_engine_id(transaction, states)) return *known;
  transaction.run("INSERT INTO engine(states) VALUES(?) ON CONFLICT DO NOTHING", {states});
  const std::int64_t id = known_engine_id(transaction, states).value_or(0);
  for (const std::int64_t state : ids) {
    transaction.run("INSERT INTO engine_state(engine_id,state_id) VALUES(?,?) ON CONFLICT DO NOTHING", {id, state});
  }
  return id;
}

EngineState engine_of(Transaction& transaction, std::int64_t engine_id) {
  EngineState engine;
  Rows rows = transaction.query("SELECT part,state FROM engine_state JOIN analysis_state ON analysis_state.id=state_id WHERE engine_id=?",
                                {engine_id});
  while (rows.next()) {
    auto state = Digest::parse(rows.text(1));
    if (!state) continue;
    if (rows.text(0) == kFactsPart) engine.walker = *std::move(state);
    else if (const auto analysis = analysis_from(rows.text(0))) engine.states.push_back({*analysis, *std::move(state)});
  }
  std::ranges::sort(engine.states);
  return engine;
}

}  // namespace landwaiter::platform
