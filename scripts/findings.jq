# SPDX-License-Identifier: Apache-2.0
# Renders image reports (docs/report.schema.json) as a table for people; color when $color is true.
#   jq -r --argjson color false -f scripts/findings.jq report.json...

def width: [.[] | tostring | length] | max // 0;
def pad($n): . + " " * ([$n - length, 0] | max);
def cut($n): if length > $n then .[:$n - 1] + "…" else . end;
def paint($code): if $color then "\u001b[\($code)m" + . + "\u001b[0m" else . end;
def severity_color: {critical: "1;31", high: "31", medium: "33", low: "36"}[.] // "0";

def layer_number($layers): . as $digest | ($layers | index($digest)) as $at | if $at == null then "?" else $at + 1 | tostring end;

# A file with its archives' entries, or a place in the image's own config or manifest.
def place:
  if .config then "config " + .config elif .manifest then "manifest " + .manifest else [.path] + .archive | join(" > ") end;

# One row for each occurrence; what belongs to the finding is said once.
def rows:
  .layers as $layers
  | .findings[] as $finding
  | $finding.occurrences | to_entries[]
  | .key as $nth | .value as $where
  | {
      severity: (if $nth == 0 then $finding.severity else "" end),
      type: (if $nth == 0 then $finding.type else "" end),
      title: (if $nth == 0 then $finding.title | cut(56) else "" end),
      layer: (if $where.layer then $where.layer | layer_number($layers) else "-" end),
      where: ($where | place | cut(76)),
      note: (if $where.deleted_by then "deleted by layer " + ($where.deleted_by | layer_number($layers)) else "" end),
    };

def table:
  [rows] as $rows
  | ([$rows[].type] + ["TYPE"] | width) as $type
  | ([$rows[].title] + ["WHAT"] | width) as $title
  | (("SEVERITY  " + ("TYPE" | pad($type)) + "  " + ("WHAT" | pad($title)) + "  LAYER  WHERE") | paint("1")),
    ($rows[]
      | . as $row
      | ($row.severity | pad(8) | paint($row.severity | severity_color))
        + "  " + ($row.type | pad($type)) + "  " + ($row.title | pad($title)) + "  " + ($row.layer | pad(5)) + "  " + $row.where
        + (if $row.note == "" then "" else "  (" + $row.note + ")" end));

def summary:
  (.findings | group_by(.type) | map("\(length) \(.[0].type)") | join(", ")) as $what
  | "\(.findings | length) findings" + (if $what == "" then "" else ": " + $what end)
    + (if .diagnostics | length > 0 then "; \(.diagnostics | length) diagnostics" else "" end);

(.images // [.])[]
| ("\n\(.reference)  \(.platform)  \(.digest[:19])  \(.layers | length) layers" | paint("1")),
  (if .findings | length > 0 then table else empty end),
  summary,
  (.diagnostics[:5][] | "  \(.code): \([.path] + .archive | map(select(. != "")) | join(" > ")) \(.message)")
