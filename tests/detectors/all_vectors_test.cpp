// SPDX-License-Identifier: Apache-2.0
// Every file of Debian's python3-cryptography-vectors, judged by the openssl and ssh-keygen commands and by the detectors:
// what the commands can read must be found, with the same facts; what is found beyond that must be readable by the
// commands at the place where it was found.
#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "core/base/text.hpp"
#include "tests/detectors/support/scan_bytes.hpp"
#include "tests/detectors/support/shell.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <future>
#include <iostream>
#include <map>
#include <regex>
#include <set>

namespace landwaiter::detectors {
namespace {

namespace fs = std::filesystem;

const fs::path kVectors = "/usr/lib/python3/dist-packages/cryptography_vectors";

/// What the commands say about one asset, in terms of our attributes.
struct Expected {
  std::string kind;  ///< the row of the table
  std::string id;    ///< empty when the commands do not give it away
  FindingType type = FindingType::certificate;
  std::map<std::string, std::string> facts;  ///< attribute to text
  std::size_t offset = 0;
};

std::string field(const std::string& text, const std::string& pattern) {
  std::smatch match;
  const std::regex expression(pattern);
  return std::regex_search(text, match, expression) ? match[1].str() : std::string();
}

std::string spki_hash_of_pem(const std::string& text) {
  const std::string begin = "-----BEGIN PUBLIC KEY-----";
  const std::size_t from = text.find(begin);
  if (from == std::string::npos) return {};
  const std::size_t to = text.find("-----END", from);
  const auto der = base64_decode(std::string_view(text).substr(from + begin.size(), to - from - begin.size()));
  return der ? std::string(Digest::sha256_of(*der).hex()) : std::string();
}

/// Of the public key that the command prints in PEM, and the other one describes: of a key that names no curve or may only sign by PSS, the
/// usual form. Empty if OpenSSL cannot use it.
std::string spki_hash(const std::string& command, const std::string& described) {
  std::string usual;
  if (described.find("ASN1 OID:") != std::string::npos || described.find("Field Type:") != std::string::npos) {
    usual = " | openssl ec -pubin -param_enc named_curve -pubout -outform DER";
  } else if (described.find("PSS") != std::string::npos || described.find("rsassaPss") != std::string::npos) {
    usual = " | openssl rsa -pubin -RSAPublicKey_out -outform DER | openssl rsa -RSAPublicKey_in -inform DER -pubout -outform DER";
  }
  const auto der = usual.empty() ? std::nullopt : run(command + usual);
  return der ? std::string(Digest::sha256_of(as_bytes(*der)).hex()) : spki_hash_of_pem(run(command).value_or(""));
}

std::string lower_hex(std::string text) {
  std::erase(text, ':');
  return to_lower(text);
}

std::string rfc3339(std::string text) {
  if (text == "Bad time value") return "";
  std::ranges::replace(text, ' ', 'T');
  return text;
}

/// "rsaEncryption", "id-ecPublicKey", ... to our names.
std::string key_type_of(const std::string& algorithm) {
  const std::map<std::string, std::string> names{{"rsaEncryption", "RSA"},
                                                 {"rsassaPss", "RSA-PSS"},
                                                 {"id-ecPublicKey", "EC"},
                                                 {"dsaEncryption", "DSA"},
                                                 {"ED25519", "Ed25519"},
                                                 {"ED448", "Ed448"},
                                                 // Kinds that OpenSSL names but cannot use are given by number.
                                                 {"GOST R 34.10-2001", "1.2.643.2.2.19"}};
  const auto found = names.find(algorithm);
  return found == names.end() ? algorithm : found->second;
}

std::optional<Expected> certificate_by_openssl(const std::string& file, const std::string& form) {
  const auto text = run("openssl x509 -in " + shell_quoted(file) + " -inform " + form +
                        " -noout -text -sha256 -fingerprint -serial -subject -issuer -dates -dateopt iso_8601 "
                        "-nameopt RFC2253,-esc_msb,utf8");
  if (!text) return std::nullopt;
  Expected out;
  out.kind = "certificate " + form;
  out.type = FindingType::certificate;
  out.id = "sha256:" + lower_hex(field(*text, "sha256 Fingerprint=([0-9A-F:]+)"));
  out.facts["serial"] = to_lower(field(*text, "\nserial=([-0-9A-F]+)"));
  out.facts["subject"] = printable(field(*text, "\nsubject=([^\n]*)"));
  out.facts["issuer"] = printable(field(*text, "\nissuer=([^\n]*)"));
  out.facts["not_before"] = rfc3339(field(*text, "\nnotBefore=([^\n]*)"));
  out.facts["not_after"] = rfc3339(field(*text, "\nnotAfter=([^\n]*)"));
  out.facts["key_type"] = key_type_of(field(*text, "Public Key Algorithm: ([^\n]*)"));
  out.facts["key_size_bits"] = field(*text, "Public-Key: \\(([0-9]+) bit");
  out.facts["curve"] = field(*text, "ASN1 OID: ([^\n]*)");
  // Empty where the key is of a kind that OpenSSL does not know, or inherits its parameters.
  out.facts["spki_sha256"] = spki_hash("openssl x509 -noout -pubkey -in " + shell_quoted(file) + " -inform " + form, *text);
  return out;
}

std::optional<Expected> plain_key_by_openssl(const std::string& file, const std::string& form) {
  const std::string command = "openssl pkey -passin pass: -in " + shell_quoted(file) + " -inform " + form;
  const auto text = run(command + " -noout -text_pub");
  if (!text) return std::nullopt;
  Expected out;
  out.kind = "plain key " + form;
  out.type = FindingType::private_key;
  const std::string hash = spki_hash(command + " -pubout", *text);
  if (hash.empty()) return std::nullopt;
  out.id = "spki-sha256:" + hash;
  out.facts["spki_sha256"] = hash;
  out.facts["encrypted"] = "false";
  out.facts["key_size_bits"] = field(*text, "Public-Key: \\(([0-9]+) bit");
  out.facts["curve"] = field(*text, "ASN1 OID: ([^\n]*)");
  out.facts["key_type"] = field(*text, "^(ED25519|ED448|X25519|X448|DH|DSA|RSA)[^\n]* Public-Key:");
  if (out.facts["key_type"].starts_with("ED")) out.facts["key_type"][1] = 'd';
  return out;
}

/// Does asn1parse see an EncryptedPrivateKeyInfo?
std::optional<Expected> encrypted_der_in(const std::string& parsed) {
  const std::regex shape("^ *0:d=0 [^\n]*SEQUENCE[^\n]*\n[^\n]*d=1 [^\n]*SEQUENCE[^\n]*\n[^\n]*d=2 [^\n]*OBJECT *:(PBES2|pbeWith)");
  if (!std::regex_search(parsed, shape)) return std::nullopt;
  Expected out;
  out.kind = "encrypted key DER";
  out.type = FindingType::private_key;
  out.facts["encrypted"] = "true";
  return out;
}

std::optional<Expected> encrypted_der_by_openssl(const std::string& file) {
  return encrypted_der_in(run("openssl asn1parse -inform DER -in " + shell_quoted(file)).value_or("").substr(0, 400));
}

/// Asks only the commands that can succeed: a key begins with the INTEGER 0 or 1; PKCS #12 with 3, from which x509 takes
/// the first certificate; all else with a SEQUENCE.
std::optional<Expected> der_by_openssl(const std::string& file) {
  const std::string parsed = run("openssl asn1parse -inform DER -in " + shell_quoted(file)).value_or("").substr(0, 400);
  if (std::regex_search(parsed, std::regex("^[^\n]*\n[^\n]*d=1 [^\n]*INTEGER *:0[01]\n"))) return plain_key_by_openssl(file, "DER");
  if (auto asset = certificate_by_openssl(file, "DER")) return asset;
  return encrypted_der_in(parsed);
}

std::optional<Expected> openssh_by_keygen(const std::string& file, bool encrypted) {
  const auto text = run("ssh-keygen -l -f " + shell_quoted(file));
  if (!text) return std::nullopt;
  Expected out;
  out.kind = encrypted ? "encrypted key OpenSSH" : "plain key OpenSSH";
  out.type = FindingType::private_key;
  out.facts["encrypted"] = encrypted ? "true" : "false";
  out.facts["key_size_bits"] = field(*text, "^([0-9]+) ");
  out.facts["ssh_fingerprint"] = field(*text, "(SHA256:[A-Za-z0-9+/]+)");
  return out;
}

/// The blocks of a text file, cut at whole lines: a reader of the simplest kind, for judging ours.
std::vector<std::pair<std::size_t, std::string>> pem_blocks(const std::string& file) {
  std::vector<std::pair<std::size_t, std::string>> out;
  const std::string begin = "-----BEGIN ";
  for (std::size_t at = 0; (at = file.find(begin, at)) != std::string::npos;) {
    const std::size_t label_end = file.find("-----", at + begin.size());
    if (label_end == std::string::npos) break;
    const std::string end = "-----END " + file.substr(at + begin.size(), label_end - at - begin.size()) + "-----";
    const std::size_t stop = file.find(end, label_end);
    if (stop == std::string::npos) {
      at = label_end;
      continue;
    }
    out.emplace_back(at, file.substr(at, stop + end.size() - at) + "\n");
    at = stop + end.size();
  }
  return out;
}

class Judge {
 public:
  std::vector<Expected> expected_of(const std::string& content) {
    std::vector<Expected> out;
    const auto blocks = pem_blocks(content);
    for (const auto& [offset, block] : blocks) {
      const auto asset = judge_block(block);
      if (!asset) continue;
      out.push_back(*asset);
      out.back().offset = offset;
    }
    if (blocks.empty() && !content.empty() && content[0] == 0x30) {
      const std::string file = store(content);
      const auto asset = der_by_openssl(file);
      if (asset) out.push_back(*asset);
    }
    return out;
  }

  /// Does openssl read what was found, when given the file from there on?
  bool confirms(const std::string& content, const Finding& finding) {
    if (confirmed_.contains(finding.id)) return true;
    const bool confirmed = reads(content, finding);
    if (confirmed) confirmed_.insert(finding.id);
    return confirmed;
  }
  void already_confirmed(const std::string& id) { confirmed_.insert(id); }

 private:
  bool reads(const std::string& content, const Finding& finding) {
    const std::string file = store(std::string_view(content).substr(finding.occurrences[0].offset));
    const std::string form = finding.attributes["encoding"];
    if (finding.type == FindingType::certificate) {
      const auto asset = certificate_by_openssl(file, form);
      return asset && asset->id == finding.id;
    }
    if (finding.attributes["encrypted"] == true) return form == "DER" && encrypted_der_by_openssl(file).has_value();
    const auto asset = plain_key_by_openssl(file, form);
    return asset && asset->id == finding.id;
  }

  std::optional<Expected> judge_block(const std::string& block) {
    const std::string label = field(block, "-----BEGIN ([^-]*)-----");
    const std::string file = store(block);
    if (label.find("CERTIFICATE") != std::string::npos && label.find("REQUEST") == std::string::npos) {
      return certificate_by_openssl(file, "PEM");
    }
    if (label == "OPENSSH PRIVATE KEY") {
      const bool plain = run("ssh-keygen -y -P '' -f " + shell_quoted(file)).has_value();
      return openssh_by_keygen(file, !plain);
    }
    if (label.find("PRIVATE KEY") == std::string::npos) return std::nullopt;
    Expected encrypted;
    encrypted.type = FindingType::private_key;
    encrypted.facts["encrypted"] = "true";
    if (label == "ENCRYPTED PRIVATE KEY") {
      encrypted.kind = "encrypted key PEM";
      if (run("openssl asn1parse -in " + shell_quoted(file))) return encrypted;
      return std::nullopt;
    }
    if (block.find("Proc-Type: 4,ENCRYPTED") != std::string::npos) {
      encrypted.kind = "traditional encrypted key PEM";
      return encrypted;
    }
    return plain_key_by_openssl(file, "PEM");
  }

  std::string store(std::string_view content) {
    const std::string file = folder_ / "asset";
    write_file(file, content);
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    return file;
  }

  TemporaryFolder folder_;
  std::set<std::string> confirmed_;
};

/// Thousands of commands, so two at a time.
std::vector<std::vector<Expected>> expected_of_all(const std::vector<fs::path>& files) {
  std::vector<std::vector<Expected>> out(files.size());
  const auto judge_every_other = [&](std::size_t first) {
    Judge judge;
    for (std::size_t i = first; i < files.size(); i += 2) out[i] = judge.expected_of(read_file(files[i]));
  };
  auto odd = std::async(std::launch::async, judge_every_other, 1);
  judge_every_other(0);
  odd.get();
  return out;
}

std::string as_text(const nlohmann::json& value) {
  if (value.is_null()) return "";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// Which facts differ, "" when none does.
std::string differences(const Expected& expected, const Finding& finding) {
  std::string out;
  for (const auto& [name, value] : expected.facts) {
    const std::string ours = finding.attributes.contains(name) ? as_text(finding.attributes[name]) : "(missing)";
    // Fields that the command does not print are not compared.
    if (value.empty() && name != "subject" && name != "issuer") continue;
    // Without its GOST engine it knows these algorithms by number only.
    if (name == "key_type" && value.starts_with("1.2.643.") && ours.starts_with("GOST")) continue;
    if (ours != value) out += "  " + name + ": openssl " + value + ", ours " + ours + "\n";
  }
  return out;
}

struct Row {
  std::size_t expected = 0;
  std::size_t found = 0;
  std::size_t same_facts = 0;
};

/// Keys in PEM under a private key's label that openssl cannot use, and that a person must know of all the same.
const std::set<std::string> kReportedBeyondOpenssl{
    "asymmetric/DH/dh_key_256.pem",                   // OpenSSL wants 512 bits; the report says how weak it is
    "asymmetric/PKCS8/bad-oid-dsa-key.pem",           // an algorithm that nobody assigned, reported by its number
    "asymmetric/PKCS8/withdompar_private.pkcs8.pem",  // a curve that OpenSSL does not have, reported by its number
};

/// What is said to be unreadable, and why.
const std::set<std::string> kUnreadable{
    "x509/custom/crl_almost_10k.pem: limit_exceeded",       // a revocation list of 285 kB in PEM: only its presence is reported
    "x509/custom/invalid_utf8_common_name.pem: malformed",  // the UTF8String is not UTF-8; openssl rejects it, too
    "x509/custom/long-form-name-attribute.pem: malformed",  // a length that is not in DER's form; openssl rejects it, too
    "x509/requests/long-form-attribute.pem: malformed",     // the same in a request, which openssl does read: ours stays strict
};

}  // namespace

TEST_CASE("all vectors of python3-cryptography-vectors are found as openssl reads them", "[vectors]") {
  REQUIRE(fs::is_directory(kVectors));
  // Without guessing passwords: what is behind them has no place at which openssl could read it.
  const FileScanner scanner(false);
  Judge judge;
  std::map<std::string, Row> table;
  std::map<std::string, std::size_t> beyond;
  std::vector<std::string> missed, different;
  std::set<std::string> unconfirmed, diagnosed;
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(kVectors)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  REQUIRE(files.size() > 2000);

  const auto all_expected = expected_of_all(files);
  for (const auto& of_file : all_expected) {
    for (const Expected& expected : of_file) judge.already_confirmed(expected.id);
  }
  for (std::size_t file = 0; file < files.size(); ++file) {
    const std::string content = read_file(files[file]);
    const std::string name = fs::relative(files[file], kVectors).string();
    Scanned scanned = scanner.scan(content);
    for (const Diagnostic& diagnostic : scanned.diagnostics) {
      diagnosed.insert(name + ": " + std::string(to_string(diagnostic.code)));
    }
    for (const Expected& expected : all_expected[file]) {
      Row& row = table[expected.kind];
      ++row.expected;
      const auto match = std::ranges::find_if(scanned.findings, [&](const Finding& finding) {
        // A certificate in a keystore is further inside than the file that openssl was given.
        const bool same_place = finding.occurrences[0].offset == expected.offset;
        return finding.type == expected.type && (expected.id.empty() ? same_place : finding.id == expected.id);
      });
      if (match == scanned.findings.end()) {
        missed.push_back(name + " (" + expected.kind + ")");
        continue;
      }
      ++row.found;
      std::string unlike = differences(expected, *match);
      if (unlike.empty()) ++row.same_facts;
      else different.push_back(name + "\n" + unlike);
      scanned.findings.erase(match);
    }
    for (const Finding& finding : scanned.findings) {
      if (finding.type != FindingType::certificate && finding.type != FindingType::private_key) continue;
      // What was decoded from text has no bytes in the file that openssl could be shown.
      if (finding.attributes.contains("wrapped_in")) continue;
      const bool confirmed = judge.confirms(content, finding);
      ++beyond[std::string(to_string(finding.type)) + " " + finding.attributes["encoding"].get<std::string>() +
               (confirmed ? ", read by openssl at its offset" : ", not read by openssl")];
      if (!confirmed) unconfirmed.insert(name);
    }
  }

  std::cout << "\nkind: found / expected, with the same facts\n";
  for (const auto& [kind, row] : table) {
    std::cout << "  " << kind << ": " << row.found << " / " << row.expected << ", " << row.same_facts << '\n';
  }
  std::cout << "found inside other files:\n";
  for (const auto& [kind, count] : beyond) std::cout << "  " << kind << ": " << count << '\n';
  const auto list = [](const char* title, const auto& lines) {
    std::cout << title << " (" << lines.size() << "):\n";
    for (const std::string& line : lines) std::cout << "  " << line << '\n';
  };
  list("missed", missed);
  list("different facts", different);
  list("found, not read by openssl", unconfirmed);
  list("diagnostics", diagnosed);
  std::cout << std::flush;
  CHECK(missed.empty());
  CHECK(different.empty());
  CHECK(unconfirmed == kReportedBeyondOpenssl);
  CHECK(diagnosed == kUnreadable);
  CHECK(table["certificate DER"].expected > 400);
  CHECK(table["certificate PEM"].expected > 90);
  CHECK(table["plain key PEM"].expected > 25);
  CHECK(table["plain key DER"].expected > 10);
  CHECK(table["encrypted key PEM"].expected > 15);
  CHECK(table["plain key OpenSSH"].expected + table["encrypted key OpenSSH"].expected == 8);
}

}  // namespace landwaiter::detectors
