// SPDX-License-Identifier: Apache-2.0
#include "core/report/instruction.hpp"

#include "tests/support/catch.hpp"

#include <algorithm>

namespace landwaiter {
namespace {

TEST_CASE("steps of a history read as in a Dockerfile") {
  struct Case {
    const char* created_by;
    const char* shown;
  };
  for (const Case& c : {
           Case{"COPY tls /etc/nginx/ssl # buildkit", "COPY tls /etc/nginx/ssl"},
           Case{"COPY --chown=101:101 --from=build /out/shop /usr/bin/ # buildkit",
                "COPY --chown=101:101 --from=build /out/shop /usr/bin/"},
           Case{"/bin/sh -c #(nop) ADD file:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef in / ", "ADD file in /"},
           Case{"/bin/sh -c apt-get update && apt-get install -y nginx", "RUN apt-get ... && apt-get ..."},
           Case{"RUN /bin/sh -c set -eux; openssl req -x509 -out a.pem; rm -rf /tmp/x # buildkit", "RUN openssl ... && rm ..."},
           Case{"RUN |1 VERSION=3 /bin/sh -c make # buildkit", "RUN make"},
           Case{"/bin/sh -c #(nop)  CMD [\"nginx\"]", "CMD ..."},
           Case{"bazel build //app", "RUN bazel ..."},
           Case{"WORKDIR /srv/app", "WORKDIR /srv/app"},
           Case{"", ""},
       }) {
    CHECK(shown_instruction(c.created_by) == c.shown);
  }
}

TEST_CASE("no secret of a step is shown") {
  const std::string secret = "hunter2";
  const std::string random = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
  for (const std::string& step : {
           "RUN |1 TOKEN=" + secret + " /bin/sh -c npm install # buildkit",
           "RUN /bin/sh -c TOKEN=" + secret + " npm install",
           "RUN /bin/sh -c export A=1 B=" + secret + "; make",
           "/bin/sh -c echo root:" + secret + " | chpasswd",
           "/bin/sh -c echo 'a; " + secret + " b' > /etc/x",
           "/bin/sh -c echo \"a\\\"; " + secret + " b\" > /etc/x",
           "/bin/sh -c echo a\\; " + secret,
           "/bin/sh -c cat <<EOF > /etc/x\n" + secret + "\nEOF",
           "/bin/sh -c htpasswd -b /etc/users admin " + secret,
           "/bin/sh -c true # " + secret,
           "/bin/sh -c $(" + secret + ")",
           "/bin/sh -c 'unfinished ; " + secret,
           "ADD https://user:" + secret + "@files.example.com/a.tar.gz /opt/",
           "ADD https://files.example.com/a.tar.gz?sig=" + secret + " /opt/",
           "COPY --secret=" + secret + " a /b",
           "/bin/sh -c #(nop)  ENV PASSWORD=" + secret,
           "/bin/sh -c #(nop)  ENV PASSWORD " + secret,
           "LABEL key=" + secret,
       }) {
    INFO(step);
    CHECK(shown_instruction(step).find(secret) == std::string::npos);
  }
  CHECK(shown_instruction("COPY " + random + " /etc/token") == "COPY *** /etc/token");
  CHECK(shown_instruction("RUN " + random).find(random) == std::string::npos);
}

TEST_CASE("what is shown of a step is short and printable") {
  CHECK(shown_instruction("COPY a\x1b[2Jb /c").find('\x1b') == std::string::npos);
  const std::string many = shown_instruction("/bin/sh -c " + [] {
    std::string line;
    for (int i = 0; i < 100'000; ++i) line += "make; ";
    return line;
  }());
  CHECK(many.size() <= kInstructionBytesMax);
  CHECK(many.ends_with("..."));
}

TEST_CASE("layers get the steps that made one, or none at all") {
  ImageConfig config;
  config.history = {{.created = {}, .created_by = "ADD a /", .author = {}, .comment = {}},
                    {.created = {}, .created_by = "ENV A=b", .author = {}, .comment = {}, .empty_layer = true},
                    {.created = {}, .created_by = "COPY b /c", .author = {}, .comment = {}}};
  CHECK(layer_instructions(config, 2) == std::vector<std::string>{"ADD a /", "COPY b /c"});
  CHECK(layer_instructions(config, 3).empty());
  CHECK(layer_instructions({}, 0).empty());
  config.cut = "history";
  CHECK(layer_instructions(config, 2).empty());
}

}  // namespace
}  // namespace landwaiter
