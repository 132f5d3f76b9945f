// SPDX-License-Identifier: Apache-2.0
#include "daemon/reader/reader_messages.hpp"

#include "core/base/encoding.hpp"
#include "core/base/text.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <span>

namespace landwaiter::daemon {

using nlohmann::json;

namespace {

constexpr std::string_view kWhat = "a reader's message";
/// Findings and packages are sent together up to about this size.
constexpr std::size_t kItemBytes = kMessageBytesMax / 2;

Digest digest_at(const json& in, const char* field) {
  auto digest = Digest::parse(in.at(field).get<std::string>());
  if (!digest) throw json::other_error::create(501, digest.error().message(), nullptr);
  return *digest;
}

Result<json> parse_item(std::string_view text) { return parse_json(text, kWhat, kJsonReport); }

/// One item of a reader, which splits long lists: a layer's facts are the longest.
constexpr JsonLimits kJsonItem{400'000, 32 << 20};
constexpr std::size_t kErrorBytesMax = 1000;

/// What a reader says of its own failure decides nothing else.
Error error_from(const json& said) {
  const auto code = error_code_from(said.at("code").get<std::string>()).value_or(ErrorCode::internal);
  const bool known = code == ErrorCode::limit_exceeded || code == ErrorCode::malformed;
  return {known ? code : ErrorCode::internal, printable(said.at("message").get<std::string>().substr(0, kErrorBytesMax))};
}

/// `field` with all of `values`, as many as fit in each item.
template <class T>
Result<void> send_list(MessageSocket& socket, const char* field, std::vector<T>& values) {
  const std::string begin = std::string("{\"") + field + "\":[";
  std::string item;
  const auto flush = [&]() -> Result<void> {
    if (item.empty()) return {};
    auto sent = send_item(socket, begin + item + "]}");
    item.clear();
    return sent;
  };
  for (T& value : values) {
    if (!item.empty()) item += ',';
    item += dump_json(value);
    value = T{};
    if (item.size() < kItemBytes) continue;
    auto sent = flush();
    if (!sent) return sent;
  }
  values.clear();
  return flush();
}

/// As send_list. One with many places is sent with the first of them, the others follow: as JSON, they take several times their memory.
Result<void> send_findings(MessageSocket& socket, std::vector<Finding>& findings) {
  constexpr std::size_t kPlacesAtOnce = 1000;
  std::vector<Finding> few;
  for (Finding& finding : findings) {
    std::vector<Occurrence> others;
    if (finding.occurrences.size() > kPlacesAtOnce) {
      const auto rest = finding.occurrences.begin() + kPlacesAtOnce;
      others.assign(std::make_move_iterator(rest), std::make_move_iterator(finding.occurrences.end()));
      finding.occurrences.erase(rest, finding.occurrences.end());
    }
    few.push_back(std::move(finding));
    if (others.empty() && &finding != &findings.back() && few.size() < kPlacesAtOnce) continue;
    auto sent = send_list(socket, "findings", few);
    if (sent) sent = send_list(socket, "occurrences", others);
    if (!sent) return sent;
  }
  findings.clear();
  return {};
}

template <class T>
void append(const json& in, std::vector<T>& to) {
  for (const json& value : in) to.push_back(value.get<T>());
}

}  // namespace

NumbersMessage numbers_message(ReaderMessage kind, ReaderNumbers numbers) {
  NumbersMessage out{static_cast<std::uint8_t>(kind)};
  std::memcpy(&out[1], &numbers, sizeof numbers);
  return out;
}

std::optional<ReaderNumbers> numbers_of(ByteView message) {
  if (message.size() != std::tuple_size_v<NumbersMessage>) return std::nullopt;
  ReaderNumbers numbers;
  std::memcpy(&numbers, &message[1], sizeof numbers);
  return numbers;
}

Result<void> send_item(MessageSocket& socket, std::string_view text) {
  return send_item([&](ByteView message) { return socket.send(message); }, text);
}

Result<void> send_item(const SendMessage& send, std::string_view text) {
  std::string message;
  do {
    const std::string_view part = text.substr(0, kMessageBytesMax - 1);
    text.remove_prefix(part.size());
    message.assign(1, static_cast<char>(text.empty() ? ReaderMessage::item : ReaderMessage::text));
    message += part;
    auto sent = send(as_bytes(message));
    if (!sent) return sent;
  } while (!text.empty());
  return {};
}

Result<std::optional<std::string>> ItemBuilder::add(ByteView message) {
  const std::string_view part = as_text(message.subspan(1));
  if (part.size() > left_) return Error(ErrorCode::limit_exceeded, "its results are too long");
  left_ -= part.size();
  text_ += part;
  if (message.front() != static_cast<std::uint8_t>(ReaderMessage::item)) return std::optional<std::string>();
  return std::optional(std::exchange(text_, {}));
}

std::string to_text(const LayerOrder& order) {
  json wanted = json::array();
  for (const Analysis analysis : order.wanted) wanted.push_back(to_string(analysis));
  return dump_json({{"layer", {{"digest", order.layer.str()}, {"wanted", wanted}}}});
}

std::string to_text(const detectors::ImageDocuments& image) {
  return dump_json({{"image",
                     {{"facts", image.facts},
                      {"config", base64_encode(as_bytes(image.config_bytes))},
                      {"manifest", base64_encode(as_bytes(image.manifest_bytes))}}}});
}

namespace {

detectors::ImageDocuments read_documents(const json& in) {
  detectors::ImageDocuments image;
  image.facts = in.at("facts").get<ImageFacts>();
  const auto bytes = [&](const char* field) {
    const Bytes decoded = base64_decode(in.at(field).get_ref<const std::string&>()).value_or(Bytes());
    return std::string(as_text(decoded));
  };
  image.config_bytes = bytes("config");
  image.manifest_bytes = bytes("manifest");
  return image;
}

}  // namespace

Result<ReaderOrder> parse_reader_order(std::string_view text) {
  auto in = parse_item(text);
  if (!in) return in.error();
  ReaderOrder order;
  auto read = read_json_fields(kWhat, [&] {
    if (in->contains("layer")) {
      const json& layer = in->at("layer");
      order.layer.emplace().layer = digest_at(layer, "digest");
      for (const json& name : layer.at("wanted")) {
        if (const auto analysis = analysis_from(name.get<std::string>())) order.layer->wanted.push_back(*analysis);
      }
    } else {
      order.image = read_documents(in->at("image"));
    }
  });
  if (!read) return read.error();
  if (order.image) {
    // As whoever asks does with a document that it cannot use.
    auto config = parse_image_config(order.image->config_bytes);
    if (config) order.image->config = *std::move(config);
  }
  return order;
}

std::string to_text(const ReaderSettings& settings) {
  return dump_json({{"try_passwords", settings.context.try_passwords}, {"memory_bytes_max", settings.memory_bytes_max}});
}

Result<ReaderSettings> parse_reader_settings(std::string_view text) {
  auto in = parse_item(text);
  if (!in) return in.error();
  ReaderSettings settings;
  auto read = read_json_fields(kWhat, [&] {
    in->at("try_passwords").get_to(settings.context.try_passwords);
    read_count(*in, "memory_bytes_max", settings.memory_bytes_max);
  });
  if (!read) return read.error();
  return settings;
}

std::string to_text(const ReaderStates& states) {
  return dump_json(
      {{"walker", states.engine.walker.str()}, {"states", states_to_json(states.engine.states)}, {"documents", states.documents.str()}});
}

Result<ReaderStates> parse_reader_states(std::string_view text) {
  auto in = parse_item(text);
  if (!in) return in.error();
  ReaderStates out;
  auto read = read_json_fields(kWhat, [&] {
    out.engine.walker = digest_at(*in, "walker");
    out.engine.states = states_from_json(*in, "states");
    out.documents = digest_at(*in, "documents");
  });
  if (!read) return read.error();
  return out;
}

Result<void> send_results(MessageSocket& socket, ScannedLayer scanned) {
  auto sent = send_item(socket, dump_json({{"facts", scanned.facts}}));
  scanned.facts = LayerFacts{};
  for (LayerReport& report : scanned.reports) {
    if (!sent) return sent;
    auto findings = std::move(report.findings);
    auto packages = std::move(report.packages);
    report.findings.clear();
    report.packages.clear();
    sent = send_item(socket, dump_json({{"report", report}}));
    if (sent) sent = send_findings(socket, findings);
    if (sent) sent = send_list(socket, "packages", packages);
  }
  return sent;
}

Result<void> send_results(MessageSocket& socket, const detectors::ImageFindings& found) {
  constexpr std::size_t kFindingsAtOnce = 1000;
  auto sent = send_item(socket, dump_json({{"image", {{"findings", json::array()}, {"diagnostics", found.diagnostics}}}}));
  for (std::span<const Finding> rest = found.findings; sent && !rest.empty();) {
    json some = json::array();
    for (const Finding& finding : rest.first(std::min(rest.size(), kFindingsAtOnce))) some.push_back(finding);
    rest = rest.subspan(some.size());
    sent = send_item(socket, dump_json({{"image", {{"findings", std::move(some)}, {"diagnostics", json::array()}}}}));
  }
  return sent;
}

Result<void> send_results(MessageSocket& socket, const Error& error) {
  return send_item(socket, dump_json({{"error", {{"code", to_string(error.code())}, {"message", error.message()}}}}));
}

Result<void> ReaderResults::add(std::string_view item) {
  auto in = parse_json(item, kWhat, kJsonItem);
  if (!in) return in.error();
  auto read = read_json_fields(kWhat, [&] {
    if (in->contains("facts")) {
      layer.facts = in->at("facts").get<LayerFacts>();
      facts = true;
    } else if (in->contains("report")) {
      layer.reports.push_back(in->at("report").get<LayerReport>());
    } else if (in->contains("image")) {
      const json& found = in->at("image");
      append(found.at("findings"), image.findings);
      append(found.at("diagnostics"), image.diagnostics);
    } else if (in->contains("error")) {
      error = error_from(in->at("error"));
    } else if (layer.reports.empty()) {
      throw json::other_error::create(501, "a list without its report", nullptr);
    } else if (in->contains("findings")) {
      append(in->at("findings"), layer.reports.back().findings);
    } else if (in->contains("occurrences")) {
      if (layer.reports.back().findings.empty()) throw json::other_error::create(501, "places without their finding", nullptr);
      append(in->at("occurrences"), layer.reports.back().findings.back().occurrences);
    } else {
      const std::vector<Package> packages = read_packages(in->at("packages"));
      std::ranges::copy(packages, std::back_inserter(layer.reports.back().packages));
    }
  });
  if (read && !layer.reports.empty() && layer.reports.back().findings.size() > limits::findings_per_layer_max)
    return Error(ErrorCode::limit_exceeded, "more findings than a layer may have");
  return read;
}

}  // namespace landwaiter::daemon
