#!/usr/bin/python3
"""The texts that people read: every language has every text, with the same
arguments; every text that the program asks for by name is there; and none is
there that nobody asks for."""

import glob
import os
import re
import sys

from component_server import Tap, WireError

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
# What begins the keys that are put together while the program runs.
MADE = ("notice_", "state_", "application_", "kind_", "proof_", "evidence_",
        "history_", "method_", "action_", "role_", "reason_", "outcome_",
        "staff_", "appeal_", "report_", "refusal_", "case_", "prover_",
        "prove_", "proofs_", "word_")
CALLS = re.compile(
    r'\b(?:counter_word|counter_note_key|counter_case_end|applicant_text|'
    r'counter_text|counter_case_text|catalogue_text|refuse_key|command_name|'
    r'counter_case_confirm)\((?:[^();"]|\([^()]*\))*?"([a-z_]+)"')
KEYS = re.compile(r'\.name_key = "([a-z_]+)"')
tap = Tap()


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def texts(path):
    """{key: sorted arguments}; a key twice is an error."""
    found = {}
    for key, text in re.findall(r'^    (\w+) \{ "(.*)" \}$', read(path),
                                re.M):
        if key in found:
            raise WireError("%s: %s is there twice" % (path, key))
        plain = re.sub(r"'[{}]'", "", text)
        found[key] = sorted(set(re.findall(r"\{(\w+)\}", plain)))
    if len(found) < 100:
        raise WireError("%s: only %d texts were found" % (path, len(found)))
    return found


def complete():
    paths = sorted(glob.glob(ROOT + "/module/text/locale/*.txt"))
    paths = [os.path.relpath(p, ROOT) for p in paths]
    english = texts("module/text/locale/en.txt")
    if len(paths) < 2:
        raise WireError("languages: %s" % paths)
    for path in paths:
        own = texts(path)
        for key in sorted(set(english) | set(own)):
            if english.get(key) != own.get(key):
                raise WireError("%s: %s has %s, in English %s" % (
                    path, key, own.get(key), english.get(key)))


def sources():
    return {p: read(os.path.relpath(p, ROOT))
            for p in glob.glob(ROOT + "/module/*/*.c")}


def asked_for():
    english = texts("module/text/locale/en.txt")
    count = 0
    for path, source in sources().items():
        for key in CALLS.findall(source) + KEYS.findall(source):
            count += 1
            if "_" in key and key not in english and key not in (
                    "agreement", "confirm"):
                raise WireError("%s asks for %s" % (path, key))
    if count < 100:
        raise WireError("only %d keys were found" % count)


def none_is_idle():
    everything = "".join(sources().values())
    idle = [key for key in texts("module/text/locale/en.txt")
            if '"%s"' % key not in everything and not key.startswith(MADE)]
    if idle:
        raise WireError("nobody asks for %s" % ", ".join(idle))


if __name__ == "__main__":
    tap.run("every language has every text", complete)
    tap.run("every text that is asked for is there", asked_for)
    tap.run("every text that is there is asked for", none_is_idle)
    sys.exit(tap.done())
