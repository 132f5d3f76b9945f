// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/digest.hpp"

#include <nlohmann/json.hpp>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter {

/// What a finding is. The names in JSON are the lower-case ones with hyphens ("private-key").
enum class FindingType {
  certificate,
  certificate_request,
  crl,
  ocsp_response,
  signed_data,  ///< CMS and PKCS #7, also around the signatures of JAR, APK and PE files
  private_key,
  public_key,
  secret_key,
  keystore,
  token,
  crypto_library,
  crypto_configuration,  ///< protocols, ciphers and providers that a program or the system is configured to use
  secret,
  package,
  misconfiguration,
};

enum class Severity { info, low, medium, high, critical };

std::string_view to_string(FindingType type);
std::string_view to_string(Severity severity);
std::optional<FindingType> finding_type_from(std::string_view name);
std::optional<Severity> severity_from(std::string_view name);

/// In what an asset is: a file of a layer, or one of the image's own documents.
enum class Where : std::uint8_t { file, config, manifest };

std::string_view to_string(Where where);

/// Where an asset is. In JSON an occurrence in a file has "path", one in a document has "config" or "manifest" in its place.
struct Occurrence {
  /// In the image, no leading slash, made printable (core/base/text.hpp). In a document the place, as "env[3] (NAME)", "history[7]" or
  /// "labels.maintainer"; empty for the document as a whole.
  std::string path;
  std::vector<std::string> archive;  ///< entry names inside the file at `path`, outermost first; empty when not in one
  std::uint64_t offset = 0;          ///< bytes from the start of that file (or innermost entry)
  Digest layer;                      ///< the layer that holds it; empty in a layer report, where it is known, and in a document
  std::optional<Digest> deleted_by;  ///< the later layer that hides it; only known once an image is composed
  Where where = Where::file;
  std::optional<std::uint64_t> line{};  ///< of a text file (or innermost entry), counted from 1; nothing where lines mean nothing

  bool operator==(const Occurrence&) const = default;
  /// Files first.
  std::strong_ordering operator<=>(const Occurrence& other) const;
};

/// The place as one text for people: the path, or "config env[3]", and what of an archive it is behind " > ".
std::string place_text(const Occurrence& occurrence);

/// An asset, identified by its content: the same certificate anywhere has the same id.
struct Finding {
  FindingType type = FindingType::certificate;
  std::string id;  ///< "sha256:<hex>" of a certificate's DER, "spki-sha256:<hex>" of a key, "hmac-sha256:<hex>" else
  Severity severity = Severity::info;
  std::string title;                                     ///< one line for people
  nlohmann::json attributes = nlohmann::json::object();  ///< facts of this type; never private material
  std::vector<Occurrence> occurrences;
  std::string detector;  ///< "name/version" of the detector that found it
};

/// What a diagnostic means for what was found, from nothing to the worst.
enum class Effect : std::uint8_t {
  note,        ///< odd, but all was looked at
  not_opened,  ///< one file, or one object in it, could not be read: damaged, encrypted, of an unknown kind
  incomplete,  ///< a search or walk ended early, by a limit or a failure, so that anything may be missing
};

std::string_view to_string(Effect effect);
std::optional<Effect> effect_from(std::string_view name);

/// What an error on a file or an object in it means, where nobody knows better.
constexpr Effect effect_of(ErrorCode code) {
  return code == ErrorCode::malformed || code == ErrorCode::unsupported ? Effect::not_opened : Effect::incomplete;
}

/// Something unexpected, and what it means for the result.
struct Diagnostic {
  ErrorCode code = ErrorCode::malformed;
  std::string message;
  std::string path;  ///< empty when it concerns the whole layer or image
  std::vector<std::string> archive;
  Digest layer;
  Effect effect = effect_of(code);

  auto operator<=>(const Diagnostic&) const = default;
};

void to_json(nlohmann::json& out, const Occurrence& value);
void from_json(const nlohmann::json& in, Occurrence& value);
void to_json(nlohmann::json& out, const Finding& value);
void from_json(const nlohmann::json& in, Finding& value);
void to_json(nlohmann::json& out, const Diagnostic& value);
void from_json(const nlohmann::json& in, Diagnostic& value);

/// Those for which a list had no room.
struct LeftOutDiagnostics {
  std::uint64_t count = 0;
  Effect worst = Effect::note;

  void add(Effect effect);
  /// Stands for all of them, so that none makes a result look complete by being left out.
  Diagnostic line() const;
};

/// Orders by severity (worst first), type, title, id: what people see first.
void sort_for_people(std::vector<Finding>& findings);

}  // namespace landwaiter
