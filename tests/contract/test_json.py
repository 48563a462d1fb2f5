"""What is a document and what is not: ids, members, strings, structure."""

from case import EchoCase, quoted
from tap import rows
from wire import document


@rows([(f"The id {text} comes back as itself.", text) for text in (
    "0", "1", "9", "10", "2147483647", "2147483648", "4294967295", "4294967296", "9007199254740991",
    "9007199254740992", "9007199254740993", "9223372036854775807", "9223372036854775808",
    "9999999999999999999", "10000000000000000000", "18446744073709551614", "18446744073709551615")])
class GoodIds(EchoCase):
    def check(self, text):
        answer = self.post(document(text))
        self.check_echo(answer, int(text))
        self.assertTrue(answer.body.startswith(b'{"id":%s,' % text.encode()), answer.body)


@rows([(f"The id {text} is refused.", text) for text in (
    "-0", "-1", "00", "01", "007", "1.0", "0.0", "1.5", "1.", ".1", "1e0", "1E0", "1e2", "0e0", "1e-0",
    "+1", "0x1", "1_0", "1 0", "18446744073709551616", "18446744073709551620", "18446744073709551625",
    "20000000000000000000", "28446744073709551615", "184467440737095516150",
    "36893488147419103233", "340282366920938463463374607431768211457", '"1"', '""', "null", "true",
    "false", "[1]", "[]", "{}", '{"id":1}', "NaN", "Infinity", "1n")])
class BadIds(EchoCase):
    def check(self, text):
        self.check_error(self.post(document(text)))


@rows([
    ("An id of 400 digits is refused.", document("9" * 400)),
    ("An id of 100001 digits is refused.", document("1" + "0" * 100_000)),
    ("A fraction of 100000 digits as id is refused.", document("0." + "1" * 100_000)),
    ("A document without id is refused.", b'{"user_agent":"u","metadata":["m"]}'),
    ("A document without user_agent is refused.", b'{"id":1,"metadata":["m"]}'),
    ("A document without metadata is refused.", b'{"id":1,"user_agent":"u"}'),
    ("An empty object is refused.", b"{}"),
    ("A user_agent of null is refused.", document(user_agent="null")),
    ("A user_agent that is a number is refused.", document(user_agent="1")),
    ("A user_agent that is true is refused.", document(user_agent="true")),
    ("A user_agent that is an array of a string is refused.", document(user_agent='["u"]')),
    ("A user_agent that is an object is refused.", document(user_agent="{}")),
    ("A metadata of null is refused.", document(metadata="null")),
    ("A metadata that is a string is refused.", document(metadata='"m"')),
    ("A metadata that is an object is refused.", document(metadata="{}")),
    ("A metadata that is a number is refused.", document(metadata="1")),
    ("A metadata with a number is refused.", document(metadata='["m",1]')),
    ("A metadata with null is refused.", document(metadata="[null]")),
    ("A metadata with true is refused.", document(metadata="[true]")),
    ("A metadata with an array is refused.", document(metadata='[["m"]]')),
    ("A metadata with an object is refused.", document(metadata='["m",{}]')),
    ("Names are case-sensitive: ID is not id.", b'{"ID":1,"user_agent":"u","metadata":["m"]}'),
    ("Names are case-sensitive: Id is not id.", b'{"Id":1,"user_agent":"u","metadata":["m"]}'),
    ("Names are case-sensitive: User_Agent is not user_agent.",
     b'{"id":1,"User_Agent":"u","metadata":["m"]}'),
    ("Names are case-sensitive: METADATA is not metadata.",
     b'{"id":1,"user_agent":"u","METADATA":["m"]}'),
    ("The name of a struct field is no member: UserAgent is not user_agent.",
     b'{"id":1,"UserAgent":"u","metadata":["m"]}'),
    ("A name that only begins like id is not id.", b'{"id\\u0000":1,"user_agent":"u","metadata":[]}'),
    ("A Kelvin sign or a long s does not fold into a known name.",
     '{"id":1,"u\u017fer_agent":"u","metadata":["m"]}'.encode()),
    ("A known member one level down is not found.", b'{"d":{"id":1,"user_agent":"u","metadata":[]}}'),
    ("A duplicate id is refused.", document(more=',"id":1')),
    ("A duplicate id written with an escape is refused.", document(more=',"\\u0069d":1')),
    ("A duplicate id is refused when the first is written with an escape.",
     b'{"\\u0069\\u0064":1,"user_agent":"u","metadata":["m"],"id":1}'),
    ("A duplicate id of null is refused.", document(more=',"id":null')),
    ("A duplicate id after a null is refused.",
     b'{"id":null,"id":1,"user_agent":"u","metadata":["m"]}'),
    ("A duplicate user_agent is refused.", document(more=',"user_agent":"u"')),
    ("A duplicate user_agent written with an escape is refused.",
     document(more=',"user\\u005Fagent":"u"')),
    ("A duplicate metadata is refused.", document(more=',"metadata":["m"]')),
    ("A duplicate metadata that is empty is refused.", document(more=',"metadata":[]')),
    ("A duplicate metadata written with an escape is refused.",
     document(more=',"met\\u0061data":["m"]')),
])
class BadMembers(EchoCase):
    def check(self, body):
        self.check_error(self.post(body))


@rows([
    ("A member name written with escapes is the member.",
     b'{"\\u0069d":1,"user\\u005fagent":"u","\\u006d\\u0065tadata":["m"]}'),
    ("Unknown members of every kind are ignored.",
     document(more=',"a":null,"b":true,"c":false,"d":-1.5e+3,"e":"s","f":[1,[2]],"g":{"h":{}}')),
    ("A member whose name differs in case is unknown and ignored.",
     document(more=',"ID":"x","User_Agent":2,"METADATA":null')),
    ("A duplicate unknown member is ignored.", document(more=',"a":1,"a":2')),
    ("A known name one level down is no duplicate.", document(more=',"a":{"id":1,"id":2}')),
    ("An unknown member with an empty name is ignored.", document(more=',"":1')),
    ("An unknown member with a name of escapes is ignored.",
     document(more=',"\\"\\\\\\/\\b\\f\\n\\r\\t\\ud83d\\ude00":1')),
    ("An unknown number beyond 64 bits is ignored.", document(more=',"a":123456789012345678901234567890')),
    ("Unknown members before the known ones are ignored.",
     b'{"a":[{"id":2}],"id":1,"user_agent":"u","b":"]}","metadata":["m"]}'),
    ("An unknown member of 100 nested arrays is accepted.",
     document(more=',"a":' + "[" * 100 + "]" * 100)),
    ("An unknown member of 100 nested objects is accepted.",
     document(more=',"a":' + '{"a":' * 100 + "1" + "}" * 100)),
    ("A thousand unknown members are ignored.",
     document(more="".join(f',"a{i}":{i}' for i in range(1000)))),
    ("All four kinds of white space are allowed between all tokens.",
     b' \t\r\n{ "id" : 1 , "user_agent"\n:\r"u"\t,"metadata" : [ "m" ] , "a" : { } }\n\r\t '),
])
class GoodMembers(EchoCase):
    def check(self, body):
        self.check_echo(self.post(body))


@rows([
    ("An empty body is refused.", b""),
    ("A body of white space is refused.", b"  \n"),
    ("A byte order mark is refused.", b"\xef\xbb\xbf" + document()),
    ("UTF-16 is refused.", document().decode().encode("utf-16")),
    ("Trailing garbage is refused.", document() + b"x"),
    ("A second document is refused.", document() + document()),
    ("A trailing comma after the document is refused.", document() + b","),
    ("A trailing brace is refused.", document() + b"}"),
    ("A trailing NUL is refused.", document() + b"\0"),
    ("A leading NUL is refused.", b"\0" + document()),
    ("A form feed is no white space.", b"\x0c" + document()),
    ("A no-break space is no white space.", document() + "\u00a0".encode()),
    ("A top-level array is refused.", b"[" + document() + b"]"),
    ("A top-level string is refused.", b'"id"'),
    ("A top-level number is refused.", b"1"),
    ("A top-level null is refused.", b"null"),
    ("A comma before the brace is refused.", document(more=",")),
    ("A missing comma is refused.", b'{"id":1 "user_agent":"u","metadata":["m"]}'),
    ("A missing colon is refused.", b'{"id" 1,"user_agent":"u","metadata":["m"]}'),
    ("A name without quotes is refused.", b'{id:1,"user_agent":"u","metadata":["m"]}'),
    ("A name in single quotes is refused.", b"{'id':1,\"user_agent\":\"u\",\"metadata\":[\"m\"]}"),
    ("A comment is refused.", b"/* c */" + document()),
    ("A comma at the end of metadata is refused.", document(metadata='["m",]')),
    ("An unclosed metadata is refused.", b'{"id":1,"user_agent":"u","metadata":["m"}'),
    ("An invalid literal in an unknown member is refused.", document(more=',"a":nul')),
    ("A literal in capitals in an unknown member is refused.", document(more=',"a":True')),
    ("NaN in an unknown member is refused.", document(more=',"a":NaN')),
    ("A number with a leading zero in an unknown member is refused.", document(more=',"a":01')),
    ("A number with a bare point in an unknown member is refused.", document(more=',"a":1.')),
    ("A bare minus in an unknown member is refused.", document(more=',"a":-')),
    ("A trailing comma in an unknown object is refused.", document(more=',"a":{"b":1,}')),
    ("Brackets that do not pair in an unknown member are refused.", document(more=',"a":[{]}')),
    ("A raw newline in a string is refused.", document(user_agent='"a\nb"')),
    ("A raw NUL in a string is refused.", document(user_agent='"a\0b"')),
    ("A raw tab in an unknown string is refused.", document(more=',"a":"\t"')),
    ("A raw control character in a name is refused.", document(more=',"a\x01":1')),
    ("An unknown escape is refused.", document(user_agent='"\\x41"')),
    ("An unknown escape in an unknown member is refused.", document(more=',"a":"\\q"')),
    ("A short escape is refused.", document(user_agent='"\\u12"')),
    ("An escape with a wrong digit is refused.", document(user_agent='"\\u12g4"')),
    ("Invalid UTF-8 in user_agent is refused.", document(user_agent='"\udcff"')),
    ("Invalid UTF-8 in metadata is refused.", document(metadata='["\udcc3("]')),
    ("Invalid UTF-8 in an unknown member is refused.", document(more=',"a":"\udcff"')),
    ("Invalid UTF-8 in an unknown name is refused.", document(more=',"\udcff":1')),
    ("Invalid UTF-8 deep in an unknown member is refused.", document(more=',"a":[{"b":["\udc80"]}]')),
    ("Overlong UTF-8 is refused.", document(user_agent='"\udcc0\udcaf"')),
    ("An overlong three-byte form is refused.", document(user_agent='"\udce0\udc80\udcaf"')),
    ("UTF-8 of a surrogate is refused.", document(user_agent='"\udced\udca0\udc80"')),
    ("UTF-8 of a surrogate in an unknown member is refused.",
     document(more=',"a":"\udced\udcbf\udcbf"')),
    ("UTF-8 beyond U+10FFFF is refused.", document(user_agent='"\udcf4\udc90\udc80\udc80"')),
    ("UTF-8 cut by the quote is refused.", document(user_agent='"\udcf0\udc9f\udc98"')),
    ("A lone high surrogate escape is refused.", document(user_agent='"\\ud83d"')),
    ("A lone low surrogate escape is refused.", document(user_agent='"\\ude00"')),
    ("A swapped surrogate pair is refused.", document(metadata='["\\ude00\\ud83d"]')),
    ("Two high surrogate escapes are refused.", document(metadata='["\\ud83d\\ud83d\\ude00"]')),
    ("A high surrogate before another escape is refused.", document(user_agent='"\\ud83d\\n"')),
    ("A lone surrogate escape in an unknown member is refused.", document(more=',"a":"\\ud800"')),
    ("A lone low surrogate escape in an unknown member is refused.",
     document(more=',"a":["\\udfff"]')),
    ("A lone surrogate escape in an unknown name is refused.", document(more=',"\\ud800":1')),
    ("100000 nested arrays are refused.", document(more=',"a":' + "[" * 100_000 + "]" * 100_000)),
    ("100000 nested objects are refused.",
     document(more=',"a":' + '{"a":' * 100_000 + "1" + "}" * 100_000)),
    ("100000 nested arrays in metadata are refused.",
     document(metadata="[" * 100_000 + "]" * 100_000)),
    ("100000 opening brackets as the whole body are refused.", b"[" * 100_000),
    ("A mebibyte of opening brackets is refused.", b"[" * (1 << 20)),
])
class BadDocuments(EchoCase):
    def check(self, body):
        self.check_error(self.post(body))
        self.check_serves()


class Truncated(EchoCase):
    def test_every_prefix(self):
        """Every proper prefix of a document is refused."""
        whole = document("12", '"a\\n\\ud83d\\ude00é"', '["m",""]', ',"x":[{"y":null},-1.5e3]')
        self.check_echo(self.post(whole), 12, "a\n\U0001f600é", ["m", ""])
        for end in range(len(whole)):
            with self.subTest(end=end):
                self.check_error(self.post(whole[:end]))


@rows([
    ("An empty string comes back equal.", '""', ""),
    ("Every short escape comes back equal.", r'"\"\\\/\b\f\n\r\t"', '"\\/\b\f\n\r\t'),
    ("An escaped NUL comes back equal.", r'"a\u0000b"', "a\0b"),
    ("Every escaped control character comes back equal.",
     '"' + "".join(f"\\u{i:04x}" for i in range(32)) + '"', "".join(map(chr, range(32)))),
    ("DEL comes back equal.", '"\x7f"', "\x7f"),
    ("An escape in capitals comes back equal.", r'"\u00E9\u00e9"', "éé"),
    ("An escaped letter comes back equal.", r'"\u0041"', "A"),
    ("A surrogate pair comes back equal.", r'"\ud83d\ude00"', "\U0001f600"),
    ("The first and the last surrogate pair come back equal.", r'"\ud800\udc00\uDBFF\uDFFF"',
     "\U00010000\U0010ffff"),
    ("Raw characters outside the basic plane come back equal.", '"\U0001f600\U0010ffff"',
     "\U0001f600\U0010ffff"),
    ("The border characters of each UTF-8 length come back equal.",
     '"\x7f\x80\u07ff\u0800\ud7ff\ue000\uffff"', "\x7f\x80\u07ff\u0800\ud7ff\ue000\uffff"),
    ("Non-characters come back equal.", r'"\ufffe\uffff\ufdd0"', "\ufffe\uffff\ufdd0"),
    ("Line separators come back equal.", '"\u2028\u2029"', "\u2028\u2029"),
    ("A byte order mark within a string comes back equal.", '"\ufeff"', "\ufeff"),
    ("A replacement character comes back equal.", '"\ufffd"', "\ufffd"),
    ("Markup characters come back equal.", '"<&>\'/"', "<&>'/"),
    ("Combining characters are not normalised.", '"e\u0301\u00e9"', "e\u0301\u00e9"),
    ("A string that looks like JSON comes back equal.", r'"{\"id\":2}]"', '{"id":2}]'),
    ("A string of backslashes comes back equal.", '"' + "\\\\" * 100 + '"', "\\" * 100),
    ("A long string comes back equal.", '"' + "long " * 40_000 + '"', "long " * 40_000),
    ("A long string of escapes comes back equal.", '"' + r"\u00e9\n" * 20_000 + '"', "é\n" * 20_000),
])
class Strings(EchoCase):
    def check(self, text, value):
        self.check_echo(self.post(document(user_agent=text)), user_agent=value)
        twice = f"[{text},{quoted('end')},{text}]"
        self.check_echo(self.post(document(metadata=twice)), metadata=[value, "end", value])

    def test_empty_metadata(self):
        """Empty metadata comes back as an empty array."""
        self.check_echo(self.post(document(metadata="[]")), metadata=[])

    def test_every_length(self):
        """A string of every length from 0 to 300 comes back equal."""
        for size in range(301):
            text = ("é" + "0123456789" * 30)[:size]
            self.check_echo(self.post(document(user_agent=quoted(text))), user_agent=text)
