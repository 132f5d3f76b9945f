# SPDX-License-Identifier: Apache-2.0
"""Finds the forms of co_await that GCC 12 compiles into wrong code (temporaries destroyed twice or too early):

- a brace-made object inside a co_await expression,
- a lambda that captures by copy inside a co_await expression,
- `switch` on a co_await expression,
- a conditional operator that chooses between awaitables.

Naming the argument, lambda or value first avoids all of them.
"""
import re

TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/'
    r'|(?:u8|[uUL])?R"(?P<tag>[^()\\ \n]{0,16})\(.*?\)(?P=tag)"'
    r'|(?:u8|[uUL])?"(?:\\.|[^"\\\n])*"|(?<![\w])(?:u8|[uUL])?\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL,
)
AWAIT = re.compile(r"\bco_await\b")
SWITCH = re.compile(r"\bswitch\s*\(")
CLOSING = {"(": ")", "[": "]", "{": "}"}
# The last of these at the operand's own level ends it.
ENDS = ";,)]}:"


def blank(match):
    """Comments and literals become spaces of the same shape; a literal keeps its quotes so that it is still an operand."""
    text = match.group()
    kept = re.sub(r"[^\n]", " ", text)
    return kept if text.startswith("/") else '"' + kept[1:-1] + '"' if len(text) > 1 else kept


def closing_of(code, start):
    """The index of the bracket that closes the one at `start`; the end of the text when there is none."""
    stack = []
    for i in range(start, len(code)):
        if code[i] in CLOSING:
            stack.append(CLOSING[code[i]])
        elif stack and code[i] == stack[-1]:
            stack.pop()
            if not stack:
                return i
    return len(code) - 1


def before(code, i):
    """The last character before `i` that is no white space."""
    while i > 0 and code[i - 1].isspace():
        i -= 1
    return code[i - 1] if i > 0 else ""


def starts_lambda(code, i):
    last = before(code, i)
    return not (last.isalnum() or last in "_)]\"") or bool(re.search(r"\b(return|co_return|co_await|co_yield)\s*$", code[:i]))


def copies(captures):
    """Whether a capture list holds anything by copy. `this` and references are trivial."""
    depth, item, items = 0, "", []
    for c in captures + ",":
        depth += c in "([{<"
        depth -= c in ")]}>"
        if c == "," and depth <= 0:
            items.append(item.strip())
            item = ""
        else:
            item += c
    return any(item and item != "this" and not item.startswith("&") for item in items)


def lambda_body(code, i):
    """For a lambda introducer at `i`, the index behind its body."""
    i = closing_of(code, i) + 1
    while i < len(code) and code[i] != "{":
        if code[i] in ";)":
            return i
        i = closing_of(code, i) + 1 if code[i] == "(" else i + 1
    return closing_of(code, i) + 1


def operand_faults(code, start):
    """What is wrong in the expression that begins behind a co_await."""
    i = start
    calls = []  # for each open parenthesis, whether it belongs to a call
    while i < len(code):
        c = code[i]
        if c == "[" and starts_lambda(code, i):
            if copies(code[i + 1:closing_of(code, i)]):
                yield "a lambda that captures by copy"
            i = lambda_body(code, i)
            continue
        if c == "{":
            yield "a brace-made object"
            i = closing_of(code, i) + 1
            continue
        if c == ":" and code[i:i + 2] == "::":
            i += 2
            continue
        if c in "([":
            last = before(code, i)
            calls.append(c == "[" or last.isalnum() or last in "_>)]" and not re.search(r"\bco_await\s*$", code[:i]))
            if re.search(r"\bco_await\s*$", code[:i]):
                calls[-1] = False
        elif c in ENDS and not calls:
            return
        elif c in ")]":
            calls.pop()
        elif c == "?" and not any(calls):
            yield "a conditional operator between awaitables"
        i += 1


def violations(path, text):
    code = TOKEN.sub(blank, text)

    def line(i):
        return code.count("\n", 0, i) + 1

    for found in AWAIT.finditer(code):
        for fault in operand_faults(code, found.end()):
            yield f"{path}:{line(found.start())} has {fault} in a co_await expression: name it first"
        if before(code, found.start()) == "?":
            yield f"{path}:{line(found.start())} has a co_await behind a conditional operator: use if"
    for found in SWITCH.finditer(code):
        if AWAIT.search(code, found.end(), closing_of(code, found.end() - 1)):
            yield f"{path}:{line(found.start())} switches on a co_await expression: name the value first"


def coroutine_forms(files):
    for path, text in files.items():
        if path.endswith((".cpp", ".hpp")):
            yield from violations(path, text)
