// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every bound on what input from outside can make us do, each with its reason. Meeting one is reported as a
/// diagnostic on the file, layer or image concerned, never silently.
namespace landwaiter::limits {

using namespace std::chrono_literals;

inline constexpr std::uint64_t KiB = 1024;
inline constexpr std::uint64_t MiB = 1024 * KiB;
inline constexpr std::uint64_t GiB = 1024 * MiB;

// --- registry: documents -------------------------------------------------------------------------------------------
/// The OCI distribution specification asks registries to accept manifests up to 4 MiB; larger ones are hostile.
inline constexpr std::uint64_t manifest_bytes_max = 4 * MiB;
/// Image configs contain history and labels; the largest seen in public images are about 100 KiB.
inline constexpr std::uint64_t config_bytes_max = 8 * MiB;
/// A catalog or tag page of 1,000 names of 255 bytes is 260 KiB; docker-registry sends all tags in one page.
inline constexpr std::uint64_t list_bytes_max = 32 * MiB;
/// Large Bearer tokens have some 8 KiB (many grants); servers refuse headers beyond 8 to 16 KiB.
inline constexpr std::size_t token_text_bytes_max = 16 * KiB;
/// The whole answer of a token service: some give the token twice, and a refresh token with it.
inline constexpr std::uint64_t token_bytes_max = 128 * KiB;
/// Only the code and message of an error's body are used.
inline constexpr std::uint64_t error_body_bytes_max = 8 * KiB;
/// A manifest with more layers than this runs on no engine (overlayfs stops at 128 on most, 500 on some).
inline constexpr std::size_t manifest_layers_max = 1024;
/// Platforms in one index: real ones stay below 50, plus an attestation for each.
inline constexpr std::size_t index_manifests_max = 1000;
/// Deeper nesting of indexes has no legitimate use.
inline constexpr std::size_t index_depth_max = 3;
/// The distribution specification's bound for `n`; docker-registry 2.8 answers 400 above it.
inline constexpr std::size_t page_size = 1000;
/// 100,000 pages of 1,000 names are more than any registry holds; stops an endless list.
inline constexpr std::size_t pages_max = 100'000;
/// Where a listing resumes: projects or organizations of a page that are still to be read, one line each.
inline constexpr std::uint64_t list_cursor_bytes_max = 1 * MiB;
/// Projects, organizations and folders that one answer may add to a listing; vendors' own pages have 100 to 1,000.
inline constexpr std::size_t list_parts_max = 10'000;
/// Distribution's own limit for a repository name.
inline constexpr std::size_t repository_name_bytes_max = 255;
/// Distribution's limit for a tag.
inline constexpr std::size_t tag_bytes_max = 128;
/// No image layer is nearly this large; a descriptor that claims more is rejected before anything is fetched.
inline constexpr std::uint64_t layer_bytes_max = 1024 * GiB;
/// JSON nesting: manifests, configs, reports and API bodies need less than 10 levels.
inline constexpr std::size_t json_depth_max = 64;

// --- registry: transport -------------------------------------------------------------------------------------------
/// A presigned Location plus Link and cookies exceed Beast's default of 8 KiB.
inline constexpr std::uint32_t http_header_bytes_max = 64 * KiB;
inline constexpr std::size_t redirects_max = 10;
/// glibc asks three name servers twice, 5 s each; what is slower is down.
inline constexpr std::chrono::milliseconds resolve_timeout = 30s;
/// Per address. At most connect_addresses_max addresses of a name are tried, because a name may have many dead ones.
inline constexpr std::chrono::milliseconds connect_timeout = 15s;
inline constexpr std::size_t addresses_tried_max = 6;
inline constexpr std::chrono::milliseconds tls_handshake_timeout = 15s;
/// Silence on an open connection, also in the middle of a body. An S3-backed catalog may take a minute a page.
inline constexpr std::chrono::milliseconds idle_timeout = 90s;
/// A trickle of bytes is not silence, but blocks a worker just as long. At least this much of a body must arrive within this much waiting
/// time (about 1 KiB/s; a modem of the nineties did five). Time that the reader itself takes does not count.
inline constexpr std::chrono::milliseconds slow_body_window = 60s;
inline constexpr std::uint64_t slow_body_bytes = 64 * KiB;
inline constexpr std::chrono::milliseconds retry_wait_first = 250ms;
/// Also the longest Retry-After that a request waits for; a longer one fails the job, which is retried after that time.
inline constexpr std::chrono::milliseconds retry_wait_max = 60s;
/// The longest pause that a registry can ask for: Docker Hub counts by 6 hours, others by the day. More is a mistake or an attack.
inline constexpr std::chrono::milliseconds retry_after_max = 24h;
inline constexpr std::size_t request_attempts_max = 5;
/// All tries of one request until its answer begins, without the waits between them: a registry that accepts and never answers is
/// reported after this time, and one slow answer (idle_timeout) fits in.
inline constexpr std::chrono::milliseconds request_time_max = 115s;
/// Token services answer in milliseconds. This long, four tries are within request_time_max.
inline constexpr std::chrono::milliseconds token_answer_timeout = 25s;
/// Retries of one host by all jobs together, and how long a spent budget takes to fill again: a registry in trouble is not
/// asked several times as much as before.
inline constexpr std::size_t retry_budget = 100;
inline constexpr std::chrono::milliseconds retry_budget_refill = 60s;
/// Reconnections that resume a blob without enough progress in between: resume_progress_bytes at any speed, or what a slow but working
/// connection delivers (slow_body_bytes) in resume_progress_time.
inline constexpr std::size_t resume_attempts_max = 5;
inline constexpr std::uint64_t resume_progress_bytes = 1 * MiB;
inline constexpr std::chrono::milliseconds resume_progress_time = 60s;
/// All reconnections of one blob. Proxies that cut every 16 MiB need 640 for a layer of 10 GiB; a server that disconnects after every MiB
/// is given up after a GiB, at one request per MiB.
inline constexpr std::size_t resume_total_max = 1000;
/// docker's and containerd's own default for parallel transfers from one registry.
inline constexpr std::size_t connections_per_host = 4;
inline constexpr std::chrono::milliseconds connection_idle_max = 90s;
/// TLS settings are looked up once per host; redirects may lead to any number of hosts, so the cache is cleared at this size.
inline constexpr std::size_t tls_hosts_cached_max = 256;
/// Certificates that are read from one folder of certs.d, and the size of each: authorities' bundles stay below 300 KiB.
inline constexpr std::size_t certs_directory_files_max = 1000;
/// Tokens without expiry live 60 s by the token specification, and shorter ones are treated as 60 s.
inline constexpr std::chrono::seconds token_lifetime_min = 60s;
/// Longer lifetimes than this are not believed: the longest that a large registry gives is 12 hours (AWS ECR).
inline constexpr std::chrono::seconds token_lifetime_max = 12h;
/// A token is renewed this long before its expiry, so it does not expire in transit.
inline constexpr std::chrono::seconds token_early = 10s;
/// One for each repository of a walk; they expire within minutes.
inline constexpr std::size_t tokens_cached_max = 1000;
/// Docker's config.json has a few lines per registry.
inline constexpr std::uint64_t docker_config_bytes_max = 4 * MiB;
/// The largest credentials file holds a cloud key: a Google service account's has about 2.5 KiB.
inline constexpr std::uint64_t credentials_file_bytes_max = 64 * KiB;
/// A credential helper may ask a cloud, or a person for a passphrase; one that hangs must not block a scan forever.
inline constexpr std::chrono::milliseconds credential_helper_timeout = 60s;
/// A cloud login that is younger than this is not requested again, however often a registry rejects it.
inline constexpr std::chrono::seconds login_renew_pause = 60s;
/// Clouds reject signatures that are five minutes off. If one rejects a request and its Date differs from our clock by more than this,
/// the request is signed once more with the cloud's time.
inline constexpr std::chrono::seconds clock_skew_max = 60s;
/// manifest.json of a docker-archive has about a hundred bytes per image and layer.
inline constexpr std::uint64_t archive_index_bytes_max = 8 * MiB;
/// Members of an image archive; each blob is one, docker's older format has three per layer.
inline constexpr std::size_t archive_members_max = 100'000;
/// 401s answered within one request: anonymous, the token as given, a token from the realm, a renewed one.
inline constexpr std::size_t challenges_answered_max = 3;

// --- listing -------------------------------------------------------------------------------------------------------
/// Repository names that a listing holds at once: those that wait, and those that are done but come after a slow one.
inline constexpr std::size_t open_repositories_max = 4000;
/// Manifest facts that a listing keeps in memory, so its memory use is constant: about 50,000 plain images.
inline constexpr std::uint64_t manifests_cached_bytes_max = 16 * MiB;
/// Patterns of one filter; each name is compared with all of them.
inline constexpr std::size_t patterns_max = 1000;
inline constexpr std::size_t platforms_max = 64;
/// The newest N tags of a repository are held until its last tag has been seen.
inline constexpr std::size_t newest_max = 10'000;
inline constexpr std::size_t window_days_max = 3650;

// --- layers --------------------------------------------------------------------------------------------------------
/// Archives inside archives inside a layer: an EAR contains WARs, which contain JARs, which may contain a tar.gz.
inline constexpr std::size_t archive_depth_max = 8;
/// Entries in one layer, all depths together; the largest real layers have about a million files.
inline constexpr std::uint64_t layer_entries_max = 5'000'000;
/// Bytes that one layer may expand to at its first level.
inline constexpr std::uint64_t layer_expanded_bytes_max = 1024 * GiB;
/// Total bytes that archives inside the files of one layer may expand to: bounds quines and trees of bombs.
inline constexpr std::uint64_t nested_expanded_bytes_max = 64 * GiB;
/// Expansion of one archive inside a layer, with all archives in it, relative to its compressed size; deflate reaches 1,032, bzip2 and xz
/// far more on zeros, and a tree of archives any number. Only enforced beyond nested_ratio_free_bytes, because tiny files compress
/// extremely well.
inline constexpr std::uint64_t nested_ratio_max = 200;
inline constexpr std::uint64_t nested_ratio_free_bytes = 64 * MiB;
/// A path in a tar can be as long as a pax header says; Linux stops at 4,096.
inline constexpr std::size_t path_bytes_max = 4096;
/// Hard links whose target held a finding get an occurrence too; the table of links is bounded.
inline constexpr std::size_t hard_links_max = 100'000;
/// What a tar may contain between two entries: pax headers, long names, a sparse map. Real ones stay below 100 KiB; a
/// parsed sparse map takes twelve times its text.
inline constexpr std::uint64_t tar_header_bytes_max = 256 * KiB;
/// This much after the end of a tar is checked for bytes that are not zero; the rest is only hashed.
inline constexpr std::uint64_t tar_trailer_bytes_max = 1 * MiB;
/// Whiteouts kept in a layer report.
inline constexpr std::size_t whiteouts_max = 200'000;
/// For what is stored and sent: zstd's own default (2^27). The windows of layers and of files in them are counted by the layer's meter.
inline constexpr int zstd_window_log_max = 27;
/// What the process that reads one layer may allocate beyond what it starts with: a worker's share of the memory that we promise. A layer
/// of `zstd -20` or `xz -8`, with a window of 32 MiB, is read by it.
inline constexpr std::uint64_t reader_memory_bytes_max = 48 * MiB;
/// The least and the most that can be configured: less than the first reads no archive in an archive.
inline constexpr std::uint64_t reader_memory_bytes_least = 24 * MiB;
inline constexpr std::uint64_t reader_memory_bytes_most = 64 * GiB;
/// What reading needs of it whatever the layer is: Vectorscan's scratch, two windows and two buffers between the decompressors,
/// diagnostics, what libarchive makes of one header of tar_header_bytes_max, and the pieces in which results are sent.
inline constexpr std::uint64_t reader_fixed_bytes = 10 * MiB;
/// The rest is the layer's: decompressors' windows, archives that are open, gathered objects, and all that is found.
inline constexpr std::uint64_t layer_memory_bytes_max = reader_memory_bytes_max - reader_fixed_bytes;
/// What windows, archives and objects leave of it, so that what they bring can be kept: some thousand findings.
inline constexpr std::uint64_t kept_memory_bytes_min = 4 * MiB;

// --- detectors -----------------------------------------------------------------------------------------------------
/// The part of a file that is matched in one call.
inline constexpr std::size_t window_bytes = 1 * MiB;
/// What a detector may see before and after the place that triggered it: the largest single object it can decode
/// (a 16,384-bit RSA key in PEM is 13 KiB; certificates with hundreds of SANs reach 40 KiB).
inline constexpr std::size_t detector_lookahead_bytes = 128 * KiB;
inline constexpr std::size_t detector_lookbehind_bytes = 4 * KiB;
/// The longest match of a trigger: windows overlap by this much.
inline constexpr std::size_t trigger_length_max = 4 * KiB;
/// Trigger hits handled per file; a file full of magic bytes costs no more after that, and gets a diagnostic.
inline constexpr std::size_t triggers_per_file_max = 200'000;
/// Findings per file, without copies of the same, and places of findings per layer: more means a generated or hostile file.
inline constexpr std::size_t findings_per_file_max = 20'000;
inline constexpr std::size_t findings_per_layer_max = 200'000;
inline constexpr std::size_t diagnostics_per_layer_max = 1'000;
/// Their text, for the walk and for each analysis: that many with long paths.
inline constexpr std::uint64_t diagnostics_bytes_max = 512 * KiB;
/// Packages of one layer, each place of each counted: the lock files of a large monorepo name some 30,000.
inline constexpr std::size_t packages_per_layer_max = 100'000;
/// One text of a package (its name, version, purl, a license): registries stop at 214 (npm) to 255 bytes for a name.
inline constexpr std::size_t package_text_bytes_max = 1 * KiB;
/// Licenses that one package names: the longest lists of real packages (a kernel's, a browser's) have some 40.
inline constexpr std::size_t package_licenses_max = 100;
/// Text of all packages of one layer: without it, long texts times the counts above would be gigabytes.
inline constexpr std::uint64_t packages_bytes_max = 64 * MiB;
/// What a reader that wants a file as a whole may ask for: the dpkg status of 30,000 packages has 50 MiB. It is held once for each reader
/// that wants the file, and for each wanted archive around it.
inline constexpr std::uint64_t whole_file_bytes_max = 64 * MiB;
/// Holes of sparse files that readers are shown as zeros, in one layer together: a header of 1 KiB can claim any number of them.
inline constexpr std::uint64_t reader_zeros_bytes_max = 1 * GiB;
/// Extended attributes of one entry, and the bytes of their names and values together: Linux holds 64 KiB in one value, ext4 some
/// 4 KiB in all; images have a capability or a label.
inline constexpr std::size_t extended_attributes_max = 64;
inline constexpr std::uint64_t extended_attribute_bytes_max = 64 * KiB;
/// The first bytes of a file that every window of it shows: an ELF header with its program headers, a SQLite header.
inline constexpr std::size_t file_head_bytes = 4 * KiB;
/// The largest single object that is gathered to be read as a whole: a trust store of 5,000 certificates, an NSS database.
inline constexpr std::uint64_t object_bytes_max = 8 * MiB;
/// Objects of one file that are gathered at once, and their bytes together.
inline constexpr std::size_t objects_waiting_max = 4;
inline constexpr std::uint64_t objects_waiting_bytes_max = 16 * MiB;
/// Encodings in encodings: a PEM in a Kubernetes secret is in one. A release that Helm stored is in three (base64, base64, gzip), a file of
/// its chart in four, and a secret in that in five.
inline constexpr std::size_t decode_depth_max = 6;
/// What detectors may cost in one layer, for each analysis, in units of WorkMeter (about a nanosecond): a start, and what each byte of a
/// file brings. Searching a benign byte costs 3 ns; the certificates and keys of a whole trust store cost 50 ms.
inline constexpr std::uint64_t layer_work_base = 350'000'000;
inline constexpr std::uint64_t layer_work_per_byte = 50;
/// What a call of a detector costs at least, and what describing a finding does.
inline constexpr std::uint64_t inspection_work = 500;
inline constexpr std::uint64_t finding_work = 10'000;
/// Cost of all password guesses in one layer, in rounds of a hash (about 100 ns): a start of half a second, and what each KiB of its files
/// brings. PKCS #12 files of Java and OpenSSL need 2,000 to 10,000 rounds per guess, a JCEKS of Java 400,000. Apart from other work, so
/// that keystores never keep keys from being found.
inline constexpr std::uint64_t layer_guess_rounds_max = 5'000'000;
inline constexpr std::uint64_t layer_guess_rounds_per_kib = 64;
/// DER nesting; X.509 needs about 12 levels.
inline constexpr std::size_t der_depth_max = 32;
/// RSA or DSA moduli above this cost more to check than any real key is worth (OpenSSL's own bound for RSA).
inline constexpr std::size_t key_bits_max = 16'384;
/// Names and values copied into a finding's attributes.
inline constexpr std::size_t attribute_bytes_max = 4 * KiB;
inline constexpr std::size_t subject_alternative_names_max = 500;

// --- daemon --------------------------------------------------------------------------------------------------------
/// Between the network and a worker: deep enough to hide latency, small enough to keep memory constant.
inline constexpr std::size_t blob_chunk_bytes = 256 * KiB;
inline constexpr std::size_t blob_chunks_in_flight = 4;
inline constexpr std::size_t workers_max = 64;
/// What a layer's reader may say of it, as text: more than it can hold.
inline constexpr std::uint64_t reader_results_bytes_max = 64 * MiB;
/// Its CPU time, behind layer_work_base and layer_work_per_byte, for what they do not count: a MiB of zeros in zstd expands to some 30 GiB,
/// which take 100 s.
inline constexpr std::chrono::seconds reader_cpu_time_base{120};
inline constexpr std::chrono::seconds reader_cpu_time_per_mib{30};
/// How long it is waited for in all, as a multiple of its CPU time: many workers may share a processor, and one that was taken over may
/// live on without doing anything.
inline constexpr int reader_wait_per_cpu_time = 10;
/// It says each second that it lives; a machine that swaps may hold it up for a while.
inline constexpr std::chrono::seconds reader_silence_max{60};
/// To start and to compile all triggers takes a fraction of a second on an idle machine.
inline constexpr std::chrono::seconds reader_start_max{120};

// --- platform ------------------------------------------------------------------------------------------------------
inline constexpr std::uint64_t api_body_bytes_max = 64 * MiB;
/// A sensor's report after decompression.
inline constexpr std::uint64_t report_bytes_max = 256 * MiB;
/// Requests other than a layer report and an inventory page are small.
inline constexpr std::uint64_t api_small_body_bytes_max = 1 * MiB;
/// 1,000 items with the longest names, digests and a reason each.
inline constexpr std::uint64_t inventory_body_bytes_max = 8 * MiB;
/// Bodies being received, of all connections together: bounds memory whatever the number of callers.
inline constexpr std::uint64_t api_bodies_in_memory_bytes_max = 512 * MiB;
/// Names and other short texts that a request gives: of a registry, a sensor, a token, a user.
inline constexpr std::size_t name_bytes_max = 200;
/// Open connections; a sensor needs two or three, with one descriptor each. Further ones are closed immediately.
inline constexpr std::size_t api_connections_max = 4096;
/// Silence in the middle of a request's body.
inline constexpr std::chrono::milliseconds api_silence_timeout = 30s;
/// A piece of a body that is made while it is sent.
inline constexpr std::size_t body_piece_bytes = 64 * KiB;
/// For sending or receiving a whole body, so nobody can hold a connection with a trickle of bytes.
inline constexpr std::chrono::milliseconds api_body_timeout = 10min;
/// Image references in one request, and layers in one claim.
inline constexpr std::size_t scan_references_max = 10'000;
/// Entries in one page of a list.
inline constexpr std::size_t api_page_size_max = 1000;
/// Jobs in one answer to a sensor, and in one heartbeat.
inline constexpr std::size_t api_jobs_max = 256;
inline constexpr std::size_t inventory_page_items_max = 1000;
inline constexpr std::size_t job_attempts_max = 5;
/// A sensor that dies takes all of its jobs along, and only one of them is the cause. One silent end says nothing (a restart, a lost
/// host); after two a job is suspect: it is leased alone, so that the next end tells. One more may again be chance, two are not.
inline constexpr std::size_t job_silent_ends_max = 2;
inline constexpr std::size_t job_silent_ends_alone_max = 2;
/// A suspect job comes after all others, until it has waited this long: then sensors take nothing else before it.
inline constexpr std::chrono::seconds suspect_wait_max = 10min;
/// Time of one sensor for one image, however often it says that it is still at work: 100 GiB at 1.2 MiB/s.
inline constexpr std::chrono::seconds image_time_max = 24h;
inline constexpr std::chrono::seconds lease_default = 60s;
inline constexpr std::chrono::seconds long_poll_max = 50s;
/// No lease, interval or backoff is longer; far below where adding it to a time point could overflow.
inline constexpr std::chrono::seconds protocol_duration_max = 366 * 24h;

}  // namespace landwaiter::limits
