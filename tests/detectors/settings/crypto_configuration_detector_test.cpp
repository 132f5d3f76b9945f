// SPDX-License-Identifier: Apache-2.0
// Configuration files of real programs, which accept them when the test runs.
#include "tests/detectors/support/scan_bytes.hpp"
#include "tests/detectors/support/shell.hpp"
#include "tests/support/catch.hpp"

#include "detectors/settings/cipher_policy.hpp"

#include <algorithm>
#include <iostream>

namespace landwaiter::detectors {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const FileScanner& scanner() {
  static const FileScanner scanner;
  return scanner;
}

std::vector<Finding> settings_in(std::string_view text, std::string_view name = {}) {
  return scanner().scan(text, name).of(FindingType::crypto_configuration);
}

json weak(std::string_view text) {
  const auto found = settings_in(text);
  if (found.size() != 1) return "not one finding but " + std::to_string(found.size());
  CHECK(found[0].severity == (found[0].attributes["weaknesses"].empty() ? Severity::info : Severity::medium));
  return found[0].attributes["weaknesses"];
}

json none() { return json::array(); }

/// The text in all the places in which it must be found, with how many findings.
void check_anywhere(const std::string& text, const std::string& software) {
  const auto alone = settings_in(text);
  REQUIRE(alone.size() == 1);
  const std::string zeros(100, '\0');
  for (const std::string& file :
       {zeros + text + zeros, std::string(1'200'000, '\0') + text, std::string(1'048'570, '\1') + text + std::string(300'000, '\0')}) {
    const auto found = settings_in(file);
    INFO(software << " in " << file.size());
    REQUIRE(found.size() == 1);
    CHECK(found[0].attributes["software"] == software);
    CHECK(found[0].id == alone[0].id);
    CHECK(found[0].occurrences[0].offset == file.find(text) + alone[0].occurrences[0].offset);
  }
}

}  // namespace

TEST_CASE("nginx: protocols and ciphers of a configuration that nginx accepts", "[crypto_configuration]") {
  const TemporaryFolder folder;
  const std::string root = folder.path().string();
  must_run("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout " + root + "/k.pem -out " + root + "/c.pem");
  const std::string text = "pid " + root +
                           "/pid;\nerror_log /dev/null;\nevents {}\nhttp {\n  access_log off;\n  server {\n    listen unix:" + root +
                           "/socket ssl;\n"
                           "    ssl_certificate " +
                           root + "/c.pem;\n    ssl_certificate_key " + root +
                           "/k.pem;\n    # ssl_protocols SSLv3;\n"
                           "    ssl_protocols TLSv1 TLSv1.2; # old clients\n    ssl_ciphers 'HIGH:3DES:!aNULL';\n  }\n}\n";
  write_file(folder / "nginx.conf", text);
  must_run("/usr/sbin/nginx -t -c " + root + "/nginx.conf");
  const auto found = settings_in(text, "etc/nginx/nginx.conf");
  REQUIRE(found.size() == 1);
  const json& attributes = found[0].attributes;
  CHECK(attributes["software"] == "nginx");
  CHECK(attributes["settings"]["protocols"]["enabled"] == json::array({"TLSv1.0", "TLSv1.2"}));
  CHECK(attributes["settings"]["ciphers"] == "HIGH:3DES:!aNULL");
  CHECK(attributes["settings"]["directives"]["ssl_certificate_key"] == json::array({root + "/k.pem"}));
  CHECK(attributes["weaknesses"] == json::array({"3des", "tls-1.0"}));
  CHECK(found[0].severity == Severity::medium);
  // At the directives that allow it, in their lines.
  REQUIRE(found[0].occurrences.size() == 2);
  CHECK(found[0].occurrences[0].offset == text.find("ssl_protocols TLSv1 "));
  CHECK(found[0].occurrences[0].line == 11);
  CHECK(found[0].occurrences[1].offset == text.find("ssl_ciphers"));
  CHECK(found[0].occurrences[1].line == 12);
  const std::string good = "ssl_certificate /c.pem;\nssl_protocols TLSv1.2;\n";
  REQUIRE(settings_in(good).size() == 1);
  CHECK(settings_in(good)[0].occurrences.size() == 1);
  CHECK(settings_in(good)[0].occurrences[0].offset == 0);
  check_anywhere(text, "nginx");
}

TEST_CASE("OpenSSH: what sshd itself takes from the file", "[crypto_configuration]") {
  const TemporaryFolder folder;
  const std::string key = folder / "host";
  must_run("ssh-keygen -q -t ed25519 -N '' -f " + key);
  const std::string text = "HostKey " + key +
                           "\n\nCiphers aes256-ctr,aes128-cbc,3des-cbc\nMACs=hmac-sha1,hmac-sha2-256\n  kexalgorithms "
                           "diffie-hellman-group14-sha1,curve25519-sha256\n"
                           "#HostKeyAlgorithms ssh-dss\nHostKeyAlgorithms ssh-ed25519,ssh-rsa\n";
  write_file(folder / "sshd_config", text);
  must_run("mkdir -p /run/sshd");  // without which sshd refuses to say anything
  const std::string effective = must_run("/usr/sbin/sshd -T -f " + (folder / "sshd_config"));
  const auto found = settings_in(text);
  REQUIRE(found.size() == 1);
  const json& directives = found[0].attributes["settings"]["directives"];
  for (const auto& [name, values] : directives.items()) {
    std::string lower;
    for (const char c : name) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    INFO(lower);
    CHECK(effective.find(lower + ' ' + values[0].get<std::string>() + '\n') != std::string::npos);
  }
  CHECK(directives.size() == 4);
  CHECK(found[0].attributes["weaknesses"] == json::array({"3des", "cbc", "sha1"}));
  check_anywhere(text, "OpenSSH");
  CHECK(weak("\nCiphers -3des-cbc,aes128-cbc\nKexAlgorithms curve25519-sha256\n") == none());
  CHECK(weak("\nKexAlgorithms +diffie-hellman-group1-sha1\n") == json::array({"sha1", "short-dh"}));
}

TEST_CASE("OpenSSL: minimum, ciphers, and the providers that openssl says are active", "[crypto_configuration]") {
  const TemporaryFolder folder;
  const std::string text =
      "openssl_conf = openssl_init\n[openssl_init]\nproviders = provider_sect\nssl_conf = ssl_sect\n[provider_sect]\ndefault = "
      "default_sect\nlegacy = legacy_sect\n"
      "base = base_sect\n[default_sect]\nactivate = 1\n[legacy_sect]\nactivate = 1\n[base_sect]\n# activate = "
      "1\n[ssl_sect]\nsystem_default = s\n[s]\n"
      "MinProtocol = TLSv1.1 # for old ones\nCipherString = DEFAULT@SECLEVEL=1:RC4-SHA\n";
  write_file(folder / "openssl.cnf", text);
  const auto found = settings_in(text);
  REQUIRE(found.size() == 1);
  const json& settings = found[0].attributes["settings"];
  const std::string active = must_run("OPENSSL_CONF=" + (folder / "openssl.cnf") + " openssl list -providers");
  CHECK(settings["providers"] == json::array({"default", "legacy"}));
  for (const std::string provider : {"default", "legacy", "base"}) {
    const bool listed = std::ranges::find(settings["providers"], json(provider)) != settings["providers"].end();
    CHECK((active.find("  " + provider + '\n') != std::string::npos) == listed);
  }
  CHECK(settings["protocols"]["minimum"] == "TLSv1.1");
  CHECK(found[0].attributes["weaknesses"] == json::array({"rc4", "tls-1.1"}));
  check_anywhere(text, "OpenSSL");
  // Debian's own file activates nothing and names no protocol.
  CHECK(settings_in(read_file("/etc/ssl/openssl.cnf")).empty());
}

TEST_CASE("Java: providers and disabled algorithms of the installed JDKs", "[crypto_configuration]") {
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator("/usr/lib/jvm")) {
    const fs::path path = entry.path() / "conf/security/java.security";
    if (entry.is_symlink() || !fs::exists(path)) continue;
    const std::string text = read_file(path);
    const auto found = settings_in(text);
    INFO(path.string());
    REQUIRE(found.size() == 1);
    const json& settings = found[0].attributes["settings"];
    CHECK(std::to_string(settings["providers"].size()) + "\n" == must_run("grep -cE '^security.provider.[0-9]+=' " + path.string()));
    CHECK(settings["providers"][0] == "SUN");
    CHECK(settings["directives"]["keystore.type"] == json::array({"pkcs12"}));
    const std::string disabled = settings["directives"]["jdk.tls.disabledAlgorithms"][0];
    CHECK(disabled.find("3DES_EDE_CBC") != std::string::npos);  // on the second line
    CHECK(disabled.find("anon") != std::string::npos);
    CHECK(found[0].attributes["weaknesses"] == none());
    ++files;
  }
  CHECK(files > 0);
  CHECK(weak("jdk.tls.disabledAlgorithms=SSLv3, RC4, DES, MD5withRSA, \\\n  DH keySize < 1024, anon, NULL, 3DES_EDE_CBC\n") ==
        json::array({"tls-1.0", "tls-1.1"}));
}

TEST_CASE("Apache and HAProxy by configurations that they accept", "[crypto_configuration]") {
  const TemporaryFolder folder;
  const std::string root = folder.path().string();
  must_run("cd " + root + " && openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout k.pem -out c.pem && cat k.pem c.pem > b.pem");
  const std::string haproxy =
      "global\n  ssl-default-bind-options ssl-min-ver TLSv1.1 no-tls-tickets\n  ssl-default-bind-ciphers "
      "ECDHE-RSA-AES128-GCM-SHA256:DES-CBC3-SHA\ndefaults\n"
      "  mode http\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\nfrontend f\n  bind 127.0.0.1:8443 ssl crt " +
      root +
      "/b.pem ssl-min-ver TLSv1.0\n  default_backend b\nbackend b\n"
      "  server s 127.0.0.1:1\n";
  write_file(folder / "haproxy.cfg", haproxy);
  must_run("haproxy -c -f " + root + "/haproxy.cfg");
  const auto found = settings_in(haproxy);
  REQUIRE(found.size() == 1);
  CHECK(found[0].attributes["settings"]["protocols"]["minimum"] == "TLSv1.0");
  CHECK(found[0].attributes["weaknesses"] == json::array({"3des", "tls-1.0", "tls-1.1"}));
  check_anywhere(haproxy, "HAProxy");
  const std::string modules = "/usr/lib/apache2/modules/";
  const std::string apache = "ServerRoot " + root + "\nServerName x\nLoadModule mpm_event_module " + modules +
                             "mod_mpm_event.so\nLoadModule socache_shmcb_module " + modules +
                             "mod_socache_shmcb.so\nLoadModule ssl_module " + modules +
                             "mod_ssl.so\nListen 127.0.0.1:1\nErrorLog /dev/null\nSSLEngine on\nSSLProtocol all -TLSv1\n"
                             "SSLCipherSuite HIGH:!aNULL:!MD5\n#SSLCipherSuite NULL\nSSLCertificateFile " +
                             root + "/c.pem\nSSLCertificateKeyFile " + root + "/k.pem\n";
  write_file(folder / "httpd.conf", apache);
  must_run("/usr/sbin/apache2 -t -f " + root + "/httpd.conf");
  const auto httpd = settings_in(apache);
  REQUIRE(httpd.size() == 1);
  CHECK(httpd[0].attributes["settings"]["protocols"]["enabled"] == json::array({"TLSv1.1", "TLSv1.2", "TLSv1.3"}));
  CHECK(httpd[0].attributes["weaknesses"] == json::array({"tls-1.1"}));
  check_anywhere(apache, "Apache httpd");
}

TEST_CASE("the other programs' forms", "[crypto_configuration]") {
  CHECK(weak("smtpd_tls_mandatory_protocols = !SSLv2, !SSLv3\n") == json::array({"tls-1.0", "tls-1.1"}));
  CHECK(weak("smtpd_tls_protocols = >=TLSv1.2\nsmtpd_tls_security_level = may\n") == none());
  CHECK(weak("ssl_min_protocol = TLSv1\nssl_cipher_list = ALL:!kRSA\n") == json::array({"anonymous-cipher", "tls-1.0", "tls-1.1"}));
  CHECK(weak("ssl_min_protocol_version = 'TLSv1.2'\nssl_ciphers = 'HIGH:MEDIUM:+3DES:!aNULL' # allowed\n") == json::array({"3des"}));
  CHECK(weak("[mysqld]\ntls_version=TLSv1,TLSv1.2\n") == json::array({"tls-1.0"}));
  CHECK(weak("tls-protocols \"TLSv1.2 TLSv1.3\"\n") == none());
  CHECK(weak("ssl.enabled.protocols=TLSv1.1,TLSv1.2\nssl.cipher.suites=TLS_RSA_WITH_RC4_128_MD5,SSL_DH_anon_EXPORT_WITH_DES40_CBC_SHA\n") ==
        json::array({"anonymous-cipher", "cbc", "des", "export-cipher", "md5", "rc4", "tls-1.1"}));
  CHECK(weak("tls_params:\n  tls_minimum_protocol_version: TLSv1_0\n") == json::array({"tls-1.0", "tls-1.1"}));
  CHECK(weak("tls:\n  options:\n    default:\n      minVersion: VersionTLS12\n") == none());
  CHECK(weak("[libdefaults]\n  allow_weak_crypto = true\n  permitted_enctypes = aes256-cts des-cbc-crc arcfour-hmac\n") ==
        json::array({"cbc", "des", "rc4", "weak-algorithm"}));
  CHECK(weak("personal-cipher-preferences AES256 3DES\ncert-digest-algo SHA1\n") == json::array({"3des", "sha1"}));
  CHECK(
      weak("# This file should contain a single keyword, being the crypto policy to\n# be applied by default to applications.\nLEGACY\n") ==
      json::array({"weak-algorithm"}));
}

TEST_CASE("passwords beside the settings are noted and never kept", "[crypto_configuration]") {
  const std::string tomcat =
      "<Server>\n<!-- <SSLHostConfig protocols=\"SSLv3\"/> -->\n<Connector port=\"8443\" SSLEnabled=\"true\">\n <SSLHostConfig "
      "protocols=\"TLSv1+TLSv1.2\" ciphers=\"TLS_RSA_WITH_3DES_EDE_CBC_SHA\">\n"
      "  <Certificate certificateKeystoreFile=\"conf/k.jks\"\n   certificateKeystorePassword=\"s3cret-Value\"/>\n "
      "</SSLHostConfig></Connector></Server>\n";
  const auto found = settings_in(tomcat, "conf/server.xml");
  REQUIRE(found.size() == 1);
  CHECK(found[0].attributes["software"] == "Tomcat");
  CHECK(found[0].attributes["password_in_configuration"] == true);
  CHECK(found[0].attributes["weaknesses"] == json::array({"3des", "cbc", "tls-1.0"}));
  const auto kafka = settings_in("ssl.enabled.protocols=TLSv1.2\nssl.keystore.password=s3cret-Value\n");
  REQUIRE(kafka.size() == 1);
  CHECK(kafka[0].attributes["password_in_configuration"] == true);
  for (const Finding& each : {found[0], kafka[0]}) CHECK((json(each).dump()).find("s3cret") == std::string::npos);
}

TEST_CASE("what only looks like settings is silent", "[crypto_configuration]") {
  for (const std::string text :
       {"Ciphers are listed in ssh_config(5).\nKexAlgorithms may be given twice.\nMACs too\n",
        "ssl_protocols is a directive of nginx.\nssl_protocols NoSuch;\n",
        "# ssl_protocols TLSv1;\n; MinProtocol = TLSv1\n#Ciphers aes128-cbc\n", "The directive SSLProtocol all -SSLv3 is common.\n",
        "x = \"ssl_protocols TLSv1;\";\n", "ssl.enabled.protocols=\nMinProtocol = whatever\n",
        "<!-- <SSLHostConfig protocols=\"TLSv1\"> -->\n", "bind *:443 and ssl crt is how\n", "tls_version == 3\n",
        "Ciphers built-in:\n  Blowfish\n\nCiphers built-in:\n"}) {
    INFO(text);
    const Scanned scanned = scanner().scan(text);
    CHECK(scanned.of(FindingType::crypto_configuration).empty());
    CHECK(scanned.diagnostics.empty());
  }
}

TEST_CASE("programs that know the directives are no configuration", "[crypto_configuration]") {
  std::size_t hits = 0;
  for (const char* program : {"/usr/sbin/nginx", "/usr/sbin/sshd", "/usr/sbin/haproxy", "/usr/sbin/apache2", "/usr/bin/ssh",
                              "/usr/lib/x86_64-linux-gnu/libssl.so.3", "/usr/lib/x86_64-linux-gnu/libgnutls.so.30"}) {
    if (!fs::exists(program)) continue;
    const Scanned scanned = scanner().scan(read_file(program));
    hits += scanned.hits;
    INFO(program);
    CHECK(scanned.of(FindingType::crypto_configuration).empty());
  }
  CHECK(hits > 10);
}

TEST_CASE("the same settings have one id, others another", "[crypto_configuration]") {
  const auto id = [](std::string_view text) { return settings_in(text).at(0).id; };
  CHECK(id("ssl_protocols TLSv1.2;\n") == id("# mine\n\n   ssl_protocols   TLSv1.2;   # yes\nssl_protocols TLSv1.2;\n"));
  CHECK(id("ssl_protocols TLSv1.2;\n") != id("ssl_protocols TLSv1.3;\n"));
}

TEST_CASE("cipher lists: what is excluded is not weak", "[crypto_configuration]") {
  const auto codes = [](std::string_view list) {
    std::set<std::string> out;
    add_cipher_weaknesses(list, out);
    return json(out);
  };
  CHECK(codes("ALL:!aNULL:!eNULL:RC4:!RC4") == none());
  CHECK(codes("ECDHE-RSA-AES256-GCM-SHA384:TLS_AES_128_GCM_SHA256") == none());
  CHECK(codes("EXP-RC4-MD5:NULL-SHA:ADH-AES128-SHA:DES-CBC-SHA") ==
        json::array({"anonymous-cipher", "cbc", "des", "export-cipher", "md5", "null-cipher", "rc4"}));
  CHECK(codes("DES-CBC3-SHA") == json::array({"3des"}));
  CHECK(codes("DEFAULT:!DES") == none());
  CHECK(codes("hmac-md5,umac-64@openssh.com") == json::array({"md5", "weak-mac"}));
  CHECK(codes("ssh-rsa,ssh-dss,rsa-sha2-256") == json::array({"sha1", "weak-algorithm"}));
}

TEST_CASE("cut and repeated configurations", "[crypto_configuration]") {
  const std::string text =
      "ssl_protocols TLSv1.2;\nKexAlgorithms curve25519-sha256\n[s]\nMinProtocol = TLSv1.2\nsmtpd_tls_protocols = !SSLv2\\\n , "
      "!SSLv3\n<SSLHostConfig protocols=\"TLSv1.2\">";
  for (std::size_t size = 0; size <= text.size(); ++size) CHECK(settings_in(text.substr(0, size)).size() <= 5);
  std::string many;
  for (int i = 0; i < 20'000; ++i) many += "ssl_protocols TLSv1.2;\nssl_ciphers A" + std::to_string(i) + ";\n";
  const auto found = settings_in(many);
  REQUIRE(found.size() == 1);
  CHECK(found[0].attributes["settings"]["directives"]["ssl_ciphers"].size() == 100);
}

}  // namespace landwaiter::detectors
