// SPDX-License-Identifier: Apache-2.0
#include "core/wire/credentials.hpp"

#include "tests/support/catch.hpp"

using namespace landwaiter;
using Kind = Credentials::Kind;

TEST_CASE("credentials of every kind go there and back") {
  const auto login = parse_credentials(serialize(Credentials::basic("user", Secret("p\"\xc3\xa4ss"))));
  REQUIRE(login);
  CHECK(login->kind == Kind::basic);
  CHECK(login->username == "user");
  CHECK(login->password.equals("p\"\xc3\xa4ss"));

  const auto token = parse_credentials(serialize(Credentials::from_login("u", Secret("p"), Secret("tok"))));
  REQUIRE(token);
  CHECK(token->kind == Kind::token);
  CHECK(token->token.equals("tok"));
  CHECK(token->password.empty());

  Credentials key;
  key.kind = Kind::aws;
  key.aws_access_key_id = "AKIA";
  key.aws_secret_access_key = Secret("shh");
  key.aws_role_arn = "arn:aws:iam::1:role/r";
  const auto aws = parse_credentials(serialize(key));
  REQUIRE(aws);
  CHECK(aws->kind == Kind::aws);
  CHECK(aws->aws_access_key_id == "AKIA");
  CHECK(aws->aws_secret_access_key.equals("shh"));
  CHECK(aws->aws_role_arn == "arn:aws:iam::1:role/r");
  CHECK(aws->aws_session_token.empty());

  CHECK(parse_credentials(serialize(Credentials())).value().anonymous());
}

TEST_CASE("credentials without a kind are a login") {
  CHECK(parse_credentials(Secret(R"({"username":"u","password":"p"})")).value().kind == Kind::basic);
  CHECK(parse_credentials(Secret(R"({"username":"u","password":"p","token":"t"})")).value().kind == Kind::token);
  CHECK(parse_credentials(Secret(R"({"username":"","password":null})")).value().anonymous());
}

TEST_CASE("what is missing or wrong in credentials is said without repeating them") {
  for (const char* text :
       {"", "{", R"(["hunter2"])", R"({"kind":"hunter2"})", R"({"username":"a","password":["hunter2"],"token":"hunter2"})",
        R"({"kind":"aws","aws_access_key_id":"hunter2"})", R"({"kind":"azure","azure_client_secret":"hunter2"})"}) {
    const auto bad = parse_credentials(Secret(text));
    REQUIRE_FALSE(bad);
    CHECK(bad.error().message().find("hunter2") == std::string::npos);
  }
  CHECK(parse_credentials(Secret(R"({"kind":"aws","aws_access_key_id":"A"})")).error().message().find("aws_secret_access_key") !=
        std::string::npos);
}

TEST_CASE("a Google key stands as text, as an object, or is the whole file") {
  const std::string key = R"({"type":"service_account","client_email":"a@b","private_key":"hunter2"})";
  for (const std::string& text :
       {key, R"({"kind":"google","google_key_json":)" + key + "}",
        std::string(R"({"kind":"google","google_key_json":"{\"type\":\"service_account\",\"client_email\":\"a@b\",)"
                    R"(\"private_key\":\"hunter2\"}"})")}) {
    const auto read = parse_credentials(Secret(text));
    REQUIRE(read);
    CHECK(read->kind == Kind::google);
    const auto again = parse_credentials(serialize(*read));
    REQUIRE(again);
    for (const char* part : {"service_account", "a@b", "hunter2"}) CHECK(again->google_key_json.reveal().find(part) != std::string::npos);
  }
  CHECK_FALSE(parse_credentials(Secret(R"({"kind":"google","google_key_json":["hunter2"]})")));
}

TEST_CASE("a mistyped field of credentials is an error that repeats no value", "[credentials]") {
  const auto said = [](const char* text) {
    const auto read = parse_credentials(Secret(text));
    REQUIRE(read.has_error());
    CHECK(read.error().code() == ErrorCode::invalid_argument);
    CHECK(read.error().message().find("hunter2") == std::string::npos);
    return read.error().message();
  };
  CHECK(said(R"({"username":"u","pasword":"hunter2"})").find("unknown field \"pasword\"; did you mean \"password\"?") != std::string::npos);
  CHECK(said(R"({"kind":"basic","username":"u","passwrd":"hunter2"})").find("did you mean \"password\"?") != std::string::npos);
  CHECK(said(R"({"kind":"token","token":"hunter2","password":"hunter2"})").find("\"password\" for credentials of kind token") !=
        std::string::npos);
  CHECK(said(R"({"something":"hunter2"})").find("unknown field \"something\"") != std::string::npos);
  CHECK(said(R"({"kind":"aws","aws_access_key_id":"A","aws_secret_acces_key":"hunter2"})").find("aws_secret_access_key") !=
        std::string::npos);
}
