# SPDX-License-Identifier: Apache-2.0
"""Finds words that a message, a comment or a page of docs must not have: idioms that a reader has to decode, and British spellings."""
import re

# What has no place in a plain sentence, and what to write.
IDIOMS = {
    r"anew": "again",
    r"doubles (?:none|nothing)|(?:drops?|removes?) doubles": "duplicates",
    r"(?<!there )(?:is|are|was) (?-i:none)(?=[.;:)])": "is not one",
    r"is no (?:URL|instant|absolute|rule|number|secret)": "is not a",
    r"so many of them": "how many",
    r"worth the name": "real",
    r"as it were": "nothing: leave it out",
    r"betrays?|betrayed": "reveals",
    r"known to the world|that the world knows|(?:what|which|that|a password) everybody knows": "public, well-known",
    r"on another host's word": "another host redirected us",
    r"hold(?:s it)? for (?:weak|grave)|held for (?:weak|grave)": "reported as",
    r"mends?|mended": "fixes",
    r"for ever": "forever",
    r"as dear as": "matters as much as",
}
# British spellings; the names of types and functions count, too, since the libraries around them are American.
BRITISH = {
    r"colour": "color",
    r"licence": "license",
    r"(?:initial|normal|organ|recogn|serial|author|token|canonical|sanit|synchron|optim|minim|maxim|summar|categor)is(?=e|ing|ation)":
        "...iz...",
    r"behaviour|neighbour|favour|honour|armour|labour": "...or",
    r"programmes?(?![a-z])": "program",
    r"(?:mis|re)?labelled": "labeled",
    r"misspelt": "misspelled",
    r"judgement": "judgment",
    r"defence": "defense",
    r"artefact": "artifact",
    r"catalogue": "catalog",
    r"enrol(?!l)": "enroll",
}
IDIOM = {re.compile(rf"\b(?:{words})\b", re.IGNORECASE): instead for words, instead in IDIOMS.items()}
SPELLING = {re.compile(words, re.IGNORECASE): instead for words, instead in BRITISH.items()}

SUFFIXES = (".cpp", ".hpp", ".py", ".md", ".yml", ".cmake", ".txt", ".jq", "openapi.json", ".schema.json", "CMakePresets.json")
# Text of others, and the files that name the words.
EXEMPT = ("LICENSE", "tests/fuzz/corpus/", "tests/detectors/corpus/", "tests/structure/words.py", "tests/structure/structure_test.py")


def plain_words(files):
    for path, text in files.items():
        if path.startswith(EXEMPT) or not (path.endswith(SUFFIXES) or path.startswith("scripts/")):
            continue
        for number, line in enumerate(text.split("\n"), 1):
            for pattern, instead in (*IDIOM.items(), *SPELLING.items()):
                found = pattern.search(line)
                if found:
                    yield f'{path}:{number} says "{found.group()}": write "{instead}"'
