"""The model's JSON half: a document in, the bytes of a reply out."""

import json
import os
import re
import time

KNOWN = ("id", "user_agent", "metadata")


class Bad(Exception):
    """The document is refused; the argument is the body of the 400."""

    def __init__(self, why):
        super().__init__(json.dumps({"error": why}).encode())


class Members(list):
    """An object as its pairs, duplicates and all."""


class Number(str):
    """An integer literal as it was written."""


def refuse_constant(text):
    raise ValueError(f"{text} is no JSON")


def decode(body, broken):
    try:
        if broken("accepts-bom"):
            body = body.removeprefix(b"\xef\xbb\xbf")
        text = body.decode("utf-8", "replace" if broken("accepts-bad-utf8") else "strict")
        scanner = json.JSONDecoder(object_pairs_hook=Members, parse_int=Number,
                                   parse_constant=float if broken("accepts-nan") else refuse_constant,
                                   strict=not broken("accepts-control"))
        if broken("accepts-trailing"):
            text = text.lstrip(" \t\r\n")
            top, _ = scanner.raw_decode(text)
        else:
            if text.startswith("\ufeff"):
                raise ValueError("a byte order mark")
            top = scanner.decode(text)
        if not broken("accepts-lone-surrogates"):
            json.dumps(top, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        if broken("dies-of-depth") and isinstance(error, RecursionError):
            os._exit(139)
        raise Bad(f"no JSON: {type(error).__name__}")
    if not isinstance(top, Members):
        raise Bad("no object")
    return top


def known_members(top, body, broken):
    found = {}
    for name, value in top:
        if broken("names-without-case"):
            name = name.lower()
        if name in KNOWN:
            escaped = b"\\u0069d" in body or b"user\\u" in body or b"met\\u" in body
            lenient = broken("accepts-duplicates") or broken("escaped-duplicates") and escaped
            if name in found and not lenient:
                raise Bad(f"{name} is there twice")
            found[name] = value
        elif broken("refuses-unknown"):
            raise Bad(f"{name} is not known")
    for name in KNOWN:
        if name not in found:
            raise Bad(f"{name} is missing")
    return found


def check_types(found, broken):
    number = found["id"]
    if broken("id-through-double") and type(number) is Number:
        found["id"] = number = Number(int(float(number)))
    if broken("id-may-be-fraction") and type(number) is float and number.is_integer():
        found["id"] = number = Number(int(number))
    pattern = r"-?\d{1,20}" if broken("minus-zero") else r"\d{1,20}"
    limit = 2 ** 64 + broken("id-off-by-one") if not broken("id-without-limit") else 10 ** 30
    if type(number) is not Number or not re.fullmatch(pattern, number) or not 0 <= int(number) < limit:
        raise Bad("id is no integer in 0…2^64-1")
    if type(found["user_agent"]) is not str:
        raise Bad("user_agent is no string")
    strings = found["metadata"]
    if strings is None and broken("accepts-null"):
        found["metadata"] = strings = []
    if type(strings) is not list or any(type(each) is not str for each in strings):
        raise Bad("metadata is no array of strings")


def reply(body, size, broken):
    found = known_members(decode(body, broken), body, broken)
    check_types(found, broken)
    text = found["user_agent"]
    if broken("cuts-at-nul"):
        text = text.partition("\0")[0]
    out = {"id": int(found["id"]), "user_agent": text, "metadata": found["metadata"],
           "server_timestamp": int(time.time()), "processed_by": "go-echo/model3.11"}
    if broken("order"):
        out["server_timestamp"] = out.pop("server_timestamp")
    if broken("name-without-version"):
        out["processed_by"] = "go-echo"
    natural = dump(out, broken)
    room = size - (len(natural.decode()) if broken("pads-characters") else len(natural)) - 13
    if room >= (2 if broken("pads-late") else 1):
        out["padding"] = "x" * (room + broken("pads-one-more"))
    elif broken("pads-empty") and room == 0:
        out["padding"] = ""
    return dump(out, broken)


def dump(out, broken):
    if broken("not-compact"):
        return json.dumps(out, ensure_ascii=False).encode("utf-8")
    return json.dumps(out, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
