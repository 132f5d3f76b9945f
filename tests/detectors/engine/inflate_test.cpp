// SPDX-License-Identifier: Apache-2.0
#include "detectors/engine/inflate.hpp"

#include "core/base/limits.hpp"
#include "core/base/memory_meter.hpp"
#include "detectors/walk/even_source.hpp"
#include "tests/detectors/support/walker_support.hpp"
#include "tests/support/catch.hpp"

#include <utility>

using namespace landwaiter;
using namespace landwaiter::detectors;
using namespace landwaiter::detectors::test;
using namespace std::literals;

namespace {

struct Inflated {
  std::string bytes;
  std::optional<Error> error;
  bool trailing = false;
};

Inflated inflate(std::string_view compressed, std::size_t chunk_size = 64 * 1024, std::size_t buffer = 4096) {
  BufferPool buffers(buffer, 1);
  MemorySource memory(as_bytes(compressed), chunk_size);
  PeekSource source(memory);
  InflateSource inflater(source, sniff_compression(as_bytes(compressed)), buffers);
  Inflated out;
  while (true) {
    auto chunk = inflater.next();
    if (!chunk) {
      out.error = chunk.error();
      CHECK_FALSE(inflater.next().has_value());  // stays so
      break;
    }
    if (chunk->empty()) break;
    out.bytes += as_text(*chunk);
  }
  out.trailing = inflater.trailing_data();
  return out;
}

/// Text that compresses somewhat, with noise in it so that output is made all along the input.
std::string sample(std::size_t lines) {
  std::string text;
  for (std::size_t i = 0; i < lines; ++i) text += "line " + std::to_string(i * 7919 % 10007) + noise(11, static_cast<unsigned>(i));
  return text;
}

const std::string kFormats[] = {"gzip", "zstd", "xz", "bzip2"};

}  // namespace

TEST_CASE("compression is known by its first bytes") {
  for (const std::string& format : kFormats) {
    INFO(format);
    CHECK(to_string(sniff_compression(as_bytes(compress("x", format)))) == format);
  }
  CHECK(sniff_compression({}) == Compression::none);
  CHECK(sniff_compression(as_bytes("\x1f\x8b\x08\xe0 reserved flags"sv)) == Compression::none);
  CHECK(sniff_compression(as_bytes("BZh1 is also a text"sv)) == Compression::none);
  CHECK(sniff_compression(as_bytes("\x5c\x2a\x4d\x18\0\0\0\0"sv)) == Compression::zstd);
}

TEST_CASE("each format gives back its bytes, however the source is cut") {
  const std::string text = sample(5000);
  for (const std::string& format : kFormats) {
    const std::string packed = compress(text, format);
    for (const std::size_t chunk : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, packed.size()}) {
      INFO(format << " in chunks of " << chunk);
      const Inflated out = inflate(packed, chunk);
      CHECK_FALSE(out.error);
      CHECK_FALSE(out.trailing);
      CHECK((out.bytes == text));
    }
    CHECK(inflate(compress("", format)).bytes.empty());
  }
  CHECK(inflate("no compression at all", 3).bytes == "no compression at all");
}

TEST_CASE("chunks do not depend on how the source is cut") {
  const std::string packed = compress(sample(20000), "gzip");
  const auto sizes = [&](std::size_t chunk_size) {
    BufferPool buffers(64 * 1024, 1);
    MemorySource memory(as_bytes(packed), chunk_size);
    PeekSource source(memory);
    InflateSource inflater(source, Compression::gzip, buffers);
    std::vector<std::size_t> out;
    for (auto chunk = inflater.next(); chunk && !chunk->empty(); chunk = inflater.next()) out.push_back(chunk->size());
    return out;
  };
  const auto whole = sizes(packed.size());
  REQUIRE(whole.size() > 3);
  CHECK(sizes(100) == whole);
  CHECK(sizes(4097) == whole);
}

TEST_CASE("several members, frames or streams are one run of bytes") {
  for (const std::string& format : kFormats) {
    INFO(format);
    const std::string packed = compress("one,", format) + compress("", format) + compress("two,", format) + compress("three", format);
    for (const std::size_t chunk : {1, 3, 100000}) CHECK(inflate(packed, chunk).bytes == "one,two,three");
  }
}

TEST_CASE("skippable zstd frames are skipped wherever they are") {
  const std::string skippable = "\x50\x2a\x4d\x18\x05\0\0\0hello"s + std::string("\x5f\x2a\x4d\x18\0\0\0\0", 8);
  const std::string packed = skippable + compress("one,", "zstd") + skippable + compress("two", "zstd") + skippable;
  for (const std::size_t chunk : {1, 5, 100000}) {
    const Inflated out = inflate(packed, chunk);
    CHECK(out.bytes == "one,two");
    CHECK_FALSE(out.error);
    CHECK_FALSE(out.trailing);
  }
}

TEST_CASE("what follows the last member: zeros are padding, the rest is told") {
  for (const std::string& format : kFormats) {
    INFO(format);
    const std::string packed = compress("content", format);
    const Inflated padded = inflate(packed + std::string(10000, '\0'), 100);
    CHECK(padded.bytes == "content");
    CHECK_FALSE(padded.error);
    CHECK_FALSE(padded.trailing);
    for (const std::string& tail : {"x"s, std::string(700, '\0') + "x", "\x1f"s, "a longer piece of garbage"s}) {
      const Inflated out = inflate(packed + tail, 100);
      CHECK(out.bytes == "content");
      CHECK_FALSE(out.error);
      CHECK(out.trailing);
    }
    CHECK(inflate(packed + std::string(512, '\0') + packed).bytes == "contentcontent");
  }
}

TEST_CASE("truncated anywhere: what came before, then an error") {
  const std::string text = sample(3000);
  for (const std::string& format : kFormats) {
    const std::string packed = compress(text, format);
    std::size_t most = 0;
    for (std::size_t size = 20; size < packed.size(); size += size < 60 || size + 60 > packed.size() ? 1 : 331) {
      INFO(format << " cut to " << size << " of " << packed.size());
      const Inflated out = inflate(std::string_view(packed).substr(0, size), 4096);
      REQUIRE(out.error);
      CHECK(out.error->code() == ErrorCode::malformed);
      CHECK(text.starts_with(out.bytes));
      most = std::max(most, out.bytes.size());
      // deflate has no blocks to wait for: nearly all that the bytes hold must be there.
      if (format == "gzip" && size > 1000) CHECK(out.bytes.size() + 600 > text.size() * (size - 400) / packed.size());
    }
    // zstd and bzip2 give whole blocks, and here is one alone.
    if (format == "gzip" || format == "xz") CHECK(most > text.size() * 9 / 10);
  }
}

TEST_CASE("damage is an error after the bytes before it") {
  const std::string text = sample(20000);
  // Not zstd, whose frames need not have a checksum.
  for (const std::string format : {"gzip", "xz", "bzip2"}) {
    INFO(format);
    std::string packed = compress(text, format);
    const std::size_t at = packed.size() * 3 / 4;
    for (std::size_t i = at; i < at + 40; ++i) packed[i] = static_cast<char>(packed[i] ^ 0x5a);
    const Inflated out = inflate(packed);
    REQUIRE(out.error);
    CHECK(out.error->code() == ErrorCode::malformed);
    if (format == "gzip") {
      REQUIRE(out.bytes.size() > text.size() / 2);
      CHECK(text.starts_with(std::string_view(out.bytes).substr(0, text.size() / 2)));
    }
  }
}

TEST_CASE("a wrong checksum or length is an error after all bytes") {
  const std::string text = sample(500);
  const std::string packed = compress(text, "gzip");
  for (std::size_t back = 1; back <= 8; ++back) {
    INFO(back << " bytes from the end");
    std::string bad = packed;
    bad[bad.size() - back] = static_cast<char>(bad[bad.size() - back] ^ 1);
    const Inflated out = inflate(bad);
    CHECK((out.bytes == text));
    REQUIRE(out.error);
    CHECK(out.error->message().find("checksum") != std::string::npos);
  }
}

TEST_CASE("gzip headers with all optional fields are understood") {
  const std::string plain = compress("content", "gzip");
  const std::string deflate = plain.substr(10 + (static_cast<unsigned char>(plain[3]) & 8 ? plain.find('\0', 10) - 9 : 0));
  // FHCRC is left out: its CRC-16 is optional and few write it.
  const std::string header = "\x1f\x8b\x08\x1c\0\0\0\0\0\x03"s + "\x05\0extra"s + "name.txt\0"s + "a comment\0"s;
  for (const std::size_t chunk : {1, 11, 1000}) CHECK(inflate(header + deflate, chunk).bytes == "content");
}

TEST_CASE("windows larger than the memory are refused, and said") {
  MemoryMeter meter;
  const MemoryScope scope(meter);
  meter.begin(limits::layer_memory_bytes_max);
  // Frame header: magic, descriptor 0 (window byte follows), window descriptor with this exponent, an empty raw block.
  const auto frame = [](int window_log) { return "\x28\xb5\x2f\xfd\0"s + static_cast<char>((window_log - 10) << 3) + "\x01\0\0"s; };
  CHECK_FALSE(inflate(frame(25)).error);  // 32 MiB
  for (const int large : {26, 27, 30}) {
    const Inflated out = inflate(frame(large));
    REQUIRE(out.error);
    CHECK(out.error->code() == ErrorCode::limit_exceeded);
    CHECK(out.error->message().find("--memory") != std::string::npos);
  }
  meter.begin(limits::kept_memory_bytes_min + 64 * limits::KiB);
  for (const std::string format : {"xz", "bzip2", "zstd"}) {
    INFO(format);
    const Inflated out = inflate(compress(sample(100), format), 1000);
    REQUIRE(out.error);
    CHECK(out.error->code() == ErrorCode::limit_exceeded);
  }
  CHECK(meter.used() == 0);
}

TEST_CASE("the windows of decoders that are open add up") {
  MemoryMeter meter;
  const MemoryScope scope(meter);
  meter.begin(limits::kept_memory_bytes_min + 20 * limits::MiB);
  const std::string packed = compress(sample(100), "xz");  // a window of 8 MiB, as xz -6
  BufferPool buffers(4096, 3);
  MemorySource sources[] = {MemorySource(as_bytes(packed), 1000), MemorySource(as_bytes(packed), 1000),
                            MemorySource(as_bytes(packed), 1000)};
  PeekSource peeks[] = {PeekSource(sources[0]), PeekSource(sources[1]), PeekSource(sources[2])};
  InflateSource first(peeks[0], Compression::xz, buffers);
  CHECK(first.next());
  {
    InflateSource second(peeks[1], Compression::xz, buffers), third(peeks[2], Compression::xz, buffers);
    CHECK(second.next());
    CHECK_FALSE(third.next());
  }
  MemorySource again(as_bytes(packed), 1000);
  PeekSource peek(again);
  CHECK(InflateSource(peek, Compression::xz, buffers).next());
}

TEST_CASE("an even source gives chunks of one size, whatever it gets") {
  const std::string bytes = noise(1000);
  for (const std::size_t piece : {1, 7, 64, 100, 5000}) {
    MemorySource source(as_bytes(bytes), piece);
    EvenSource even(source, 64);
    std::string joined;
    for (auto chunk = even.next(); chunk && !chunk->empty(); chunk = even.next()) {
      CHECK(chunk->size() == std::min<std::size_t>(64, bytes.size() - joined.size()));
      joined += as_text(*chunk);
    }
    CHECK((joined == bytes));
    CHECK(even.next().value().empty());
  }
}
