"""The base of the cases: a service a class, tables of cases, and checks of whole answers."""

import json
import unittest

import service
from wire import document, request


class EchoCase(unittest.TestCase):
    """Has a service in self.service; a service that dies fails the case that killed it, not the next."""

    flags = ()
    longMessage = True

    @classmethod
    def setUpClass(cls):
        cls.service = service.Service(*cls.flags)

    @classmethod
    def tearDownClass(cls):
        cls.service.kill()

    def setUp(self):
        if not self.service.alive():
            type(self).service = service.Service(*self.flags)

    def tearDown(self):
        process = self.service.process
        self.assertTrue(self.service.alive(), f"the service ended with {process.returncode}")

    def ask(self, raw, method="POST"):
        """Sends these bytes on a connection of their own; returns the answer."""
        with self.service.connect() as wire:
            wire.send_if_open(raw)
            return wire.answer(method)

    def post(self, body):
        return self.ask(request("POST", "/echo", body))

    def get(self, path):
        return self.ask(request("GET", path), "GET")

    def check_echo(self, answer, number=1, user_agent="u", metadata=("m",)):
        """The whole of a good answer."""
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.header("content-type"), "application/json")
        self.assertEqual(answer.header("content-length"), str(len(answer.body)))
        members = answer.json()
        self.assertEqual(members["id"], number)
        self.assertEqual(members["user_agent"], user_agent)
        self.assertEqual(members["metadata"], list(metadata))
        return members

    def check_error(self, answer, status=400):
        """A refusal that says why in JSON."""
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.header("content-type"), "application/json", answer)
        self.assertEqual(answer.header("content-length"), str(len(answer.body)))
        members = answer.json()
        self.assertEqual(list(members), ["error"])
        self.assertIsInstance(members["error"], str)
        self.assertTrue(members["error"].strip(), "the error is empty")

    def check_serves(self):
        self.check_echo(self.post(document("77")), 77)


def quoted(text):
    return json.dumps(text, ensure_ascii=False)
