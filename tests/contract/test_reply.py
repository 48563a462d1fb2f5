"""The 200 of POST /echo: members and their order, form, padding."""

import json
import re
import time

import service
from case import EchoCase, quoted
from tap import rows
from wire import document, request

PADDED = 1000
ORDER = ["id", "user_agent", "metadata", "server_timestamp", "processed_by"]


class Reply(EchoCase):
    def test_whole(self):
        """A document is answered with its members, the time and the name, in this order."""
        answer = self.post(document("5", '"curl"', '["a","b"]'))
        members = self.check_echo(answer, 5, "curl", ["a", "b"])
        self.assertEqual(list(members), ORDER)

    def test_order_of_input_is_free(self):
        """The reply's order does not follow the document's."""
        answer = self.post(b'{"metadata":["m"],"x":1,"user_agent":"u","id":1}')
        self.assertEqual(list(self.check_echo(answer)), ORDER)

    def test_compact(self):
        """The reply is compact JSON without a newline, also to a document full of white space."""
        answer = self.post(b' {\r\n\t"id" : 1 , "user_agent" : "u" , "metadata" : [ "m" , "n" ] } \n')
        self.check_echo(answer, metadata=["m", "n"])
        bare = re.sub(rb'"(?:[^"\\]|\\.)*"', b'""', answer.body)
        self.assertNotRegex(bare, rb"\s")
        self.assertEqual(bare.count(b"{"), 1)

    def test_timestamp(self):
        """server_timestamp is the present Unix time in whole seconds."""
        before = int(time.time())
        stamp = self.post(document()).json()["server_timestamp"]
        self.assertIs(type(stamp), int)
        self.assertTrue(before - 1 <= stamp <= time.time() + 1, stamp)

    def test_timestamp_moves(self):
        """server_timestamp is taken for each answer and not once."""
        first = self.post(document()).json()["server_timestamp"]
        time.sleep(1.1)
        self.assertGreater(self.post(document()).json()["server_timestamp"], first)

    def test_processed_by(self):
        """processed_by is the service's name, a slash and the version of its toolchain."""
        name, slash, version = self.post(document()).json()["processed_by"].partition("/")
        self.assertEqual((name, slash), (service.NAME, "/"))
        self.assertRegex(version, r"\d+\.\d+")

    def test_headers(self):
        """The head has one Content-Type, one Content-Length and no transfer coding."""
        answer = self.post(document())
        self.check_echo(answer)
        self.assertIsNone(answer.header("transfer-encoding"))
        self.assertIsNone(answer.header("content-encoding"))
        self.assertEqual(answer.version, "HTTP/1.1")

    def test_no_compression(self):
        """Accept-Encoding changes nothing."""
        answer = self.ask(request("POST", "/echo", document(), ["Accept-Encoding: gzip, br"]))
        self.check_echo(answer)

    def test_no_padding(self):
        """Without --response-bytes there is no padding."""
        self.assertNotIn(b"padding", self.post(document()).body)

    def test_padding_of_input_is_ignored(self):
        """The members of a reply are unknown members in a document."""
        answer = self.post(document(more=',"padding":"y","server_timestamp":1,"processed_by":[]'))
        members = self.check_echo(answer)
        self.assertEqual(list(members), ORDER)
        self.assertGreater(members["server_timestamp"], 1)

    def test_large_reply(self):
        """Ten thousand strings come back in order."""
        strings = [f"s{i}" for i in range(10_000)]
        self.check_echo(self.post(document(metadata=json.dumps(strings))), metadata=strings)


class Padding(EchoCase):
    flags = ("--response-bytes", str(PADDED))

    def setUp(self):
        super().setUp()
        members = self.post(document(user_agent='""')).json()
        members.pop("padding", None)
        self.bare = len(json.dumps(members, separators=(",", ":")))

    def check_size(self, natural, user_agent):
        answer = self.post(document(user_agent=quoted(user_agent)))
        members = self.check_echo(answer, user_agent=user_agent)
        if natural > PADDED - 14:
            self.assertEqual(list(members), ORDER, f"natural length {natural}")
            self.assertEqual(len(answer.body), natural)
        else:
            self.assertEqual(list(members), [*ORDER, "padding"], f"natural length {natural}")
            self.assertEqual(members["padding"], "x" * (PADDED - natural - 13))
            self.assertEqual(len(answer.body), PADDED)

    def test_every_length(self):
        """Around the limit each natural length is padded to exactly N bytes or not at all."""
        for natural in range(PADDED - 40, PADDED + 20):
            with self.subTest(natural=natural):
                self.check_size(natural, "u" * (natural - self.bare))

    def test_bytes_not_characters(self):
        """Padding counts bytes and not characters."""
        for natural in range(PADDED - 20, PADDED - 6):
            with self.subTest(natural=natural):
                text = "é" * 100
                self.check_size(natural, text + "u" * (natural - self.bare - 200))

    def test_metadata_counts(self):
        """Empty metadata is padded to N bytes as well."""
        self.assertEqual(len(self.post(document(metadata="[]")).body), PADDED)

    def test_id_counts(self):
        """The digits of the id count: from 1 to 20 of them, N bytes come."""
        for digits in range(1, 20):
            self.assertEqual(len(self.post(document("1" * digits)).body), PADDED)
        self.assertEqual(len(self.post(document("18446744073709551615")).body), PADDED)

    def test_errors_are_not_padded(self):
        """A refusal is not padded."""
        answer = self.post(b"{}")
        self.check_error(answer)
        self.assertNotIn(b"padding", answer.body)


@rows([
    ("--response-bytes 1 pads nothing.", 1),
    ("--response-bytes 13 pads nothing.", 13),
    ("--response-bytes 4096 makes a body of 4096 bytes.", 4096),
    ("--response-bytes 65536 makes a body of 65536 bytes.", 65536),
    ("--response-bytes 1000000 makes a body of 1000000 bytes.", 1000000),
])
class Sizes(EchoCase):
    """A service a case: the flag differs."""

    @classmethod
    def setUpClass(cls):
        cls.service = None

    @classmethod
    def tearDownClass(cls):
        pass

    def setUp(self):
        self.service = None

    def tearDown(self):
        self.service.kill()

    def check(self, size):
        self.service = service.Service("--response-bytes", str(size))
        for _ in range(3):
            answer = self.post(document())
            self.check_echo(answer)
            if size < 100:
                self.assertNotIn(b"padding", answer.body)
            else:
                self.assertEqual(len(answer.body), size)
