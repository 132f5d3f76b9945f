// SPDX-License-Identifier: Apache-2.0
#include "core/report/instruction.hpp"

#include "core/base/text.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace landwaiter {
namespace {

constexpr std::string_view kLeftOut = "...";
constexpr std::size_t kWordBytesMax = 80;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Passwords, tokens and hashes, rather than names.
bool looks_random(std::string_view run) {
  constexpr std::size_t kBytesMin = 12, kDigitsMin = 3;
  const auto digits = std::ranges::count_if(run, is_digit);
  return run.size() >= kBytesMin && static_cast<std::size_t>(digits) >= kDigitsMin && std::ranges::any_of(run, is_letter);
}

/// Leaves out of a word what may be secret. Names of files have none of it.
std::string shown_word(std::string_view word) {
  const std::size_t scheme = word.find("://");
  if (scheme != std::string_view::npos) {
    const std::size_t host = scheme + 3;
    const std::size_t path = std::min(word.find_first_of("/?#", host), word.size());
    const std::size_t login = word.substr(host, path - host).rfind('@');
    std::string out(word.substr(0, host));
    if (login != std::string_view::npos) out += "***@";
    const std::size_t rest = login == std::string_view::npos ? host : host + login + 1;
    return out + shown_word(word.substr(rest, word.find_first_of("?#", rest) - rest));
  }
  if (const std::size_t equals = word.find('='); equals != std::string_view::npos) return std::string(word.substr(0, equals + 1)) + "***";
  if (word.find_first_of("'\"`$@") != std::string_view::npos || word.size() > kWordBytesMax) return "***";
  std::string out;
  while (!word.empty()) {
    const auto end = std::ranges::find_if_not(word, [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; });
    const auto size = static_cast<std::size_t>(end - word.begin());
    out += looks_random(word.substr(0, size)) ? "***" : std::string(word.substr(0, size));
    if (size < word.size()) out += word[size];
    word.remove_prefix(std::min(word.size(), size + 1));
  }
  return out;
}

std::string_view take_word(std::string_view& text) {
  text = trim(text);
  const std::size_t end = std::min(text.find_first_of(" \t\r\n"), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

/// One command of a shell's line.
class ShellCommands {
 public:
  /// The names of the programs, joined by " && ": what they are given may be a secret.
  static std::string names(std::string_view line) {
    ShellCommands commands;
    commands.read(line);
    return commands.out_;
  }

 private:
  void read(std::string_view line) {
    // A here-document is a file's content.
    line = line.substr(0, line.find("<<"));
    char quote = '\0';
    for (std::size_t i = 0; i < line.size(); ++i) {
      const char c = line[i];
      if (quote != '\0') {
        if (c == quote) quote = '\0';
        else if (c == '\\' && quote == '"') ++i;
      } else if (c == '\\') {
        ++i;
      } else if (c == '\'' || c == '"' || c == '`') {
        quote = c;
      } else if (c == '#' && (i == 0 || is_space(line[i - 1]))) {
        i = std::min(line.find('\n', i), line.size());
      } else if (c == ';' || c == '&' || c == '|' || c == '\n') {
        end_command(line.substr(begin_, i - begin_));
        begin_ = i + 1;
        continue;
      } else {
        continue;
      }
    }
    end_command(line.substr(std::min(begin_, line.size())));
  }

  void end_command(std::string_view command) {
    static constexpr std::array<std::string_view, 13> kKeywords{"if", "then", "else", "elif", "fi",   "do",   "done",
                                                                "!",  "{",    "}",    "(",    "exec", "while"};
    std::string_view word = take_word(command);
    const auto passed_over = [&] {
      return std::ranges::find(kKeywords, word) != kKeywords.end() || (word.find('=') != std::string_view::npos && word[0] != '=');
    };
    while (!word.empty() && passed_over()) word = take_word(command);
    while (word.starts_with('(')) word.remove_prefix(1);
    const bool name = std::ranges::all_of(
        word, [](char c) { return is_letter(c) || is_digit(c) || c == '/' || c == '.' || c == '-' || c == '_' || c == '+'; });
    if (word.empty() || word == "set") return;
    out_ += (out_.empty() ? "" : " && ") + (name ? shown_word(word) : std::string("***"));
    if (!trim(command).empty()) out_ += " " + std::string(kLeftOut);
  }

  std::string out_;
  std::size_t begin_ = 0;
};

/// "COPY --chown=1 tls /etc/ssl": flags of Dockerfile instructions hold no secrets.
std::string copy_text(std::string_view keyword, std::string_view words) {
  std::string out(keyword);
  while (out.size() <= kInstructionBytesMax) {
    std::string_view word = take_word(words);
    if (word.empty()) break;
    // "file:<digest>", "dir:<digest>", "multi:<digest>": what the old builder writes for sources.
    const std::size_t colon = word.find(':');
    constexpr std::size_t kDigestDigits = 64;
    if (colon != std::string_view::npos && word.size() == colon + 1 + kDigestDigits) word = word.substr(0, colon);
    const bool flag = word.starts_with("--from=") || word.starts_with("--chown=") || word.starts_with("--chmod=");
    out += " " +
           (flag ? "--" + std::string(word.substr(2, word.find('=') - 1)) + shown_word(word.substr(word.find('=') + 1)) : shown_word(word));
  }
  return out;
}

std::optional<std::string_view> without(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return std::nullopt;
  return trim(text.substr(prefix.size()));
}

/// A RUN step, behind the build arguments of both builders ("|2 NAME=value NAME=value").
std::string run_text(std::string_view command) {
  if (command.starts_with('|')) {
    const std::size_t shell = command.find("/bin/sh -c ");
    if (shell == std::string_view::npos) return "RUN " + std::string(kLeftOut);
    command = command.substr(shell);
  }
  for (const std::string_view shell : {"/bin/sh -c ", "/bin/bash -c ", "/bin/bash -o pipefail -c ", "/bin/sh -ec "}) {
    if (const auto inner = without(command, shell)) command = *inner;
  }
  const std::string names = ShellCommands::names(command);
  return "RUN " + (names.empty() ? std::string(kLeftOut) : names);
}

std::string instruction_text(std::string_view text) {
  if (const std::size_t mark = text.rfind(" # buildkit"); mark != std::string_view::npos) text = text.substr(0, mark);
  if (const auto instruction = without(text, "/bin/sh -c #(nop) ")) text = *instruction;
  std::string_view rest = text;
  const std::string_view keyword = take_word(rest);
  if (keyword == "RUN") return run_text(trim(rest));
  if (keyword == "COPY" || keyword == "ADD" || keyword == "WORKDIR") return copy_text(keyword, rest);
  static constexpr std::array<std::string_view, 12> kOthers{"ARG",         "CMD",   "ENTRYPOINT", "ENV",        "EXPOSE", "FROM",
                                                            "HEALTHCHECK", "LABEL", "SHELL",      "STOPSIGNAL", "USER",   "VOLUME"};
  if (std::ranges::find(kOthers, keyword) != kOthers.end()) return std::string(keyword) + " " + std::string(kLeftOut);
  return run_text(text);
}

}  // namespace

std::string shown_instruction(std::string_view created_by) {
  constexpr std::size_t kReadBytesMax = 64 * 1024;
  const std::string_view text = trim(created_by.substr(0, kReadBytesMax));
  if (text.empty()) return {};
  std::string out = printable(instruction_text(text));
  if (out.size() <= kInstructionBytesMax) return out;
  std::size_t end = kInstructionBytesMax - kLeftOut.size();
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0U) == 0x80U) --end;
  return out.substr(0, end) + std::string(kLeftOut);
}

std::vector<std::string> layer_instructions(const ImageConfig& config, std::size_t layers) {
  std::vector<std::string> out;
  if (!config.cut.empty()) return out;
  for (const HistoryStep& step : config.history) {
    if (!step.empty_layer) out.push_back(shown_instruction(step.created_by));
  }
  if (out.size() != layers || std::ranges::all_of(out, &std::string::empty)) out.clear();
  return out;
}

}  // namespace landwaiter
