"""JSONTestSuite, each text as the value of an unknown member, as an element of metadata, and as the whole body.

As a value, every y_ text must be accepted and every n_ text refused.  There is no exception: the
members around the value could only repair a text that ends within an object's own members (such as
`1,"b":2`) or that is closed by one more brace, and the brace is then missing at the end.  Each of the
188 n_ texts was checked both as the first and as the last member: none makes the document valid.

As a whole body no text is a document, since none has the three members.
"""

import json
import os
import unittest

from case import EchoCase
from wire import document

HERE = os.path.dirname(os.path.abspath(__file__))
CORPORA = os.environ.get("DRAGSTRIP_CORPORA") or os.path.join(HERE, "../../../shared/corpora")
FOLDER = os.path.join(CORPORA, "JSONTestSuite")


def texts(kind):
    """The name and the bytes of each text of a kind: y, n or i."""
    for name in sorted(os.listdir(FOLDER)):
        if name.startswith(kind + "_") and name.endswith(".json"):
            with open(os.path.join(FOLDER, name), "rb") as file:
                yield name, file.read()


def as_value(text):
    yield document()[:-1] + b',"x":' + text + b"}"
    yield b'{"x":' + text + b"," + document()[1:]


def as_element(text):
    return b'{"id":1,"user_agent":"u","metadata":["a",' + text + b',"b"]}'


def is_utf8(text):
    try:
        text.decode("utf-8")
        return True
    except UnicodeDecodeError:
        return False


@unittest.skipUnless(os.path.isdir(FOLDER), "no JSONTestSuite: set DRAGSTRIP_CORPORA to the folder above it")
class Corpus(EchoCase):
    def test_enough(self):
        """The corpus is all there: 95 y, 188 n and 35 i texts or more."""
        counts = [len(list(texts(kind))) for kind in "yni"]
        self.assertTrue(counts[0] >= 95 and counts[1] >= 188 and counts[2] >= 35, counts)

    def test_y_as_value(self):
        """Each y text is accepted as the value of an unknown member."""
        for name, text in texts("y"):
            for body in as_value(text):
                with self.subTest(name):
                    self.check_echo(self.post(body))

    def test_n_as_value(self):
        """Each n text is refused as the value of an unknown member."""
        for name, text in texts("n"):
            for body in as_value(text):
                with self.subTest(name):
                    self.check_error(self.post(body))

    def test_i_as_value(self):
        """Each i text as the value of an unknown member is accepted or refused; invalid UTF-8 is refused."""
        for name, text in texts("i"):
            for body in as_value(text):
                with self.subTest(name):
                    answer = self.post(body)
                    if answer.status == 200 and is_utf8(text):
                        self.check_echo(answer)
                    else:
                        self.check_error(answer)
        self.check_serves()

    def test_y_in_metadata(self):
        """A y text that is an array of strings comes back equal as metadata."""
        for name, text in texts("y"):
            value = json.loads(text)
            if isinstance(value, list) and all(isinstance(v, str) for v in value):
                with self.subTest(name):
                    self.check_echo(self.post(b'{"id":1,"user_agent":"u","metadata":' + text + b"}"),
                                    metadata=value)

    def test_as_element(self):
        """Each y text that is a string comes back equal as an element of metadata; all else there is refused."""
        for kind in "yn":
            for name, text in texts(kind):
                value = json.loads(text) if kind == "y" else None
                with self.subTest(name):
                    answer = self.post(as_element(text))
                    if isinstance(value, str):
                        self.check_echo(answer, metadata=["a", value, "b"])
                    else:
                        self.check_error(answer)

    def test_as_body(self):
        """Each text as the whole body is refused, and the service lives."""
        for kind in "yni":
            for name, text in texts(kind):
                with self.subTest(name):
                    self.check_error(self.post(text))
        self.check_serves()
