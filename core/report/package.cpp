// SPDX-License-Identifier: Apache-2.0
#include "core/report/package.hpp"

#include "core/base/limits.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <tuple>
#include <utility>

namespace landwaiter {
namespace {

using nlohmann::json;

/// Every text with its name in JSON: what is written, read and measured is one list.
constexpr std::array<std::pair<const char*, std::string Package::*>, 8> kPackageTexts{{
    {"ecosystem", &Package::ecosystem},
    {"name", &Package::name},
    {"version", &Package::version},
    {"source", &Package::source},
    {"source_version", &Package::source_version},
    {"architecture", &Package::architecture},
    {"purl", &Package::purl},
    {"reader", &Package::reader},
}};

template <class Value>
void append(std::vector<Value>& into, std::vector<Value>& from) {
  into.insert(into.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

template <class Value>
void sort_once(std::vector<Value>& values) {
  std::ranges::sort(values);
  const auto doubles = std::ranges::unique(values);
  values.erase(doubles.begin(), doubles.end());
}

[[noreturn]] void refuse(const std::string& why) { throw json::other_error::create(501, why, nullptr); }

}  // namespace

Result<void> check_package(const Package& package) {
  const auto too_long = [](std::string_view text) { return text.size() > limits::package_text_bytes_max; };
  if (package.ecosystem.empty() || package.name.empty()) return Error(ErrorCode::malformed, "a package without ecosystem or name");
  const bool long_text = std::ranges::any_of(kPackageTexts, [&](const auto& text) { return too_long(package.*text.second); });
  if (long_text || std::ranges::any_of(package.licenses, too_long)) {
    return Error(ErrorCode::limit_exceeded, "a package with a text of more than " + std::to_string(limits::package_text_bytes_max) +
                                                " bytes (package_text_bytes_max)");
  }
  if (package.licenses.size() > limits::package_licenses_max) {
    return Error(ErrorCode::limit_exceeded,
                 "a package with more than " + std::to_string(limits::package_licenses_max) + " licenses (package_licenses_max)");
  }
  return {};
}

PackageIdentity identity(const Package& package) {
  return {package.ecosystem, package.name, package.version, package.architecture, package.source, package.source_version, package.purl};
}

std::uint64_t text_bytes(const Package& package) {
  std::uint64_t bytes = 0;
  for (const auto& [name, text] : kPackageTexts) bytes += (package.*text).size();
  for (const std::string& license : package.licenses) bytes += license.size() + sizeof license;
  return bytes;
}

void normalize(std::vector<Package>& packages) {
  std::ranges::stable_sort(packages, [](const Package& a, const Package& b) {
    return std::tuple_cat(identity(a), std::tie(a.reader)) < std::tuple_cat(identity(b), std::tie(b.reader));
  });
  std::vector<Package> merged;
  for (Package& package : packages) {
    if (!merged.empty() && identity(merged.back()) == identity(package)) {
      append(merged.back().licenses, package.licenses);
      append(merged.back().occurrences, package.occurrences);
    } else {
      merged.push_back(std::move(package));
    }
  }
  for (Package& package : merged) {
    sort_once(package.licenses);
    sort_once(package.occurrences);
    // Together the licenses of equal packages may be too many for one.
    if (package.licenses.size() > limits::package_licenses_max) package.licenses.resize(limits::package_licenses_max);
  }
  packages = std::move(merged);
}

void to_json(json& out, const Package& value) {
  out = json{{"licenses", value.licenses}, {"occurrences", value.occurrences}};
  for (const auto& [name, text] : kPackageTexts) out[name] = value.*text;
}

void from_json(const json& in, Package& value) {
  for (const auto& [name, text] : kPackageTexts) in.at(name).get_to(value.*text);
  in.at("licenses").get_to(value.licenses);
  in.at("occurrences").get_to(value.occurrences);
  const auto checked = check_package(value);
  if (!checked) refuse(checked.error().message());
}

std::vector<Package> read_packages(const json& in) {
  if (!in.is_array()) refuse("field packages is not a list");
  std::vector<Package> packages;
  std::size_t places = 0;
  std::uint64_t bytes = 0;
  for (const json& one : in) {
    Package package = one.get<Package>();
    places += std::max<std::size_t>(package.occurrences.size(), 1);
    bytes += text_bytes(package);
    if (places > limits::packages_per_layer_max) refuse("more packages than packages_per_layer_max");
    if (bytes > limits::packages_bytes_max) refuse("the texts of packages exceed packages_bytes_max");
    packages.push_back(std::move(package));
  }
  return packages;
}

}  // namespace landwaiter
