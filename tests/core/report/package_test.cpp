// SPDX-License-Identifier: Apache-2.0
#include "core/report/package.hpp"

#include "core/base/json.hpp"
#include "core/base/limits.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

using namespace landwaiter;
using nlohmann::json;

namespace {

Occurrence at(std::string path) { return {std::move(path), {}, 0, {}, std::nullopt}; }

Package package_of(std::string name, std::vector<Occurrence> occurrences = {at("var/lib/dpkg/status")}) {
  Package package;
  package.ecosystem = "deb";
  package.name = std::move(name);
  package.version = "5.2.15-2+b7";
  package.source = "bash";
  package.source_version = "5.2.15-2";
  package.architecture = "amd64";
  package.purl = "pkg:deb/debian/bash@5.2.15-2%2Bb7?arch=amd64";
  package.licenses = {"GPL-3.0-or-later"};
  package.occurrences = std::move(occurrences);
  package.reader = "dpkg/1";
  return package;
}

/// The reason why a list of packages from outside is refused; empty when it is not.
std::string refusal(const json& packages) {
  const auto read = read_json_fields("packages", [&] { read_packages(packages); });
  if (read) return {};
  CHECK(read.error().code() == ErrorCode::malformed);
  return read.error().message();
}

std::string refusal_of(const Package& package) { return refusal(json::array({package})); }

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace

TEST_CASE("A package goes through JSON unchanged") {
  const std::vector<Package> packages{package_of("bash"), package_of("bash-builtins", {at("a"), at("b")})};
  CHECK(read_packages(json::parse(dump_json(packages))) == packages);
  const json document = packages[0];
  CHECK(document["source_version"] == "5.2.15-2");
  CHECK(document["licenses"] == json::array({"GPL-3.0-or-later"}));
  CHECK(document["occurrences"][0]["path"] == "var/lib/dpkg/status");
  CHECK(document.size() == 10);
}

TEST_CASE("A package from outside with a wrong field is malformed") {
  CHECK(refusal_of(package_of("bash")).empty());
  const json whole = package_of("bash");
  for (const auto& [name, value] : whole.items()) {
    json document = json::array({whole});
    document[0].erase(name);
    INFO(name);
    CHECK_FALSE(refusal(document).empty());
    document[0][name] = 5;
    CHECK_FALSE(refusal(document).empty());
  }
  CHECK(has(refusal(json::object()), "not a list"));
  CHECK(has(refusal_of(package_of("")), "without ecosystem or name"));
  Package nowhere = package_of("a");
  nowhere.ecosystem.clear();
  CHECK(has(refusal_of(nowhere), "without ecosystem or name"));
}

TEST_CASE("Packages from outside are bounded in each direction") {
  const std::string longest(limits::package_text_bytes_max, 'x');
  for (const auto text : {&Package::ecosystem, &Package::name, &Package::version, &Package::source, &Package::source_version,
                          &Package::architecture, &Package::purl, &Package::reader}) {
    Package package = package_of("bash");
    package.*text = longest;
    CHECK(refusal_of(package).empty());
    package.*text += 'x';
    CHECK(has(refusal_of(package), "package_text_bytes_max"));
  }
  Package licensed = package_of("bash");
  licensed.licenses.assign(limits::package_licenses_max, longest);
  CHECK(refusal_of(licensed).empty());
  licensed.licenses.push_back("one more");
  CHECK(has(refusal_of(licensed), "package_licenses_max"));
  licensed.licenses = {longest + 'x'};
  CHECK(has(refusal_of(licensed), "package_text_bytes_max"));

  Package everywhere = package_of("bash");
  everywhere.occurrences.assign(limits::packages_per_layer_max, at("a"));
  CHECK(refusal_of(everywhere).empty());
  CHECK(has(refusal(json::array({everywhere, package_of("b")})), "packages_per_layer_max"));
  licensed.licenses.assign(limits::package_licenses_max, longest);
  const std::size_t enough = limits::packages_bytes_max / text_bytes(licensed) + 1;
  CHECK(has(refusal(json(std::vector<Package>(enough, licensed))), "packages_bytes_max"));
}

TEST_CASE("The same package in several places is one, whatever the order") {
  Package other_license = package_of("bash", {at("b"), at("a")});
  other_license.licenses = {"GFDL-1.3", "GPL-3.0-or-later"};
  other_license.reader = "copyright/1";
  Package other_version = package_of("bash");
  other_version.version = "6";
  std::vector<Package> packages{package_of("zsh"), other_version, package_of("bash", {at("a")}), other_license};
  std::vector<Package> reversed(packages.rbegin(), packages.rend());
  normalize(packages);
  normalize(reversed);
  CHECK(packages == reversed);
  REQUIRE(packages.size() == 3);
  CHECK(packages[0].licenses == std::vector<std::string>{"GFDL-1.3", "GPL-3.0-or-later"});
  CHECK(packages[0].occurrences == std::vector{at("a"), at("b")});
  CHECK(packages[0].reader == "copyright/1");
  CHECK(packages[1].version == "6");
  CHECK(packages[2].name == "zsh");
}

TEST_CASE("Packages that differ in anything about them stay apart") {
  for (const auto text : {&Package::ecosystem, &Package::name, &Package::version, &Package::source, &Package::source_version,
                          &Package::architecture, &Package::purl}) {
    Package other = package_of("bash");
    other.*text += "x";
    std::vector<Package> packages{package_of("bash"), other};
    normalize(packages);
    CHECK(packages.size() == 2);
  }
}

TEST_CASE("Joined licenses stay within what one package may have") {
  std::vector<Package> packages(2, package_of("bash"));
  for (std::size_t i = 0; i < limits::package_licenses_max; ++i) {
    packages[0].licenses.push_back("a" + std::to_string(i));
    packages[1].licenses.push_back("b" + std::to_string(i));
  }
  normalize(packages);
  REQUIRE(packages.size() == 1);
  CHECK(check_package(packages[0]).has_value());
}
