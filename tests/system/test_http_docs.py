"""docs/http.md, replayed: each call that it shows is made, in its order, and must be answered as shown.

In the document, "…" stands for what differs from time to time, and a word after "$" for what an
earlier reply gave. A call with Authorization goes over TCP, one to /v1/self comes from ada's uid,
the rest from root, on the socket.
"""

import json
import re

import pytest

import tokend as system

pytestmark = pytest.mark.root

ANYTHING = '…'
DOCUMENT = system.ROOT / 'docs/http.md'
ISSUER = 'http://127.0.0.1:7450'
ADA = 70000


class Example:
    def __init__(self, text):
        request, reply = re.fullmatch(r'(.*?)\n\nHTTP/1\.1 (.*)', text, re.S).groups()
        head, _, self.body = request.partition('\n\n')
        line, *fields = head.split('\n')
        self.method, self.path = line.split(' ')
        self.headers = dict(field.split(': ', 1) for field in fields)
        head, _, body = reply.partition('\n\n')
        line, *fields = head.split('\n')
        self.status = int(line.split(' ')[0])
        self.reply_headers = dict(field.split(': ', 1) for field in fields)
        self.reply = json.loads(quote_anything(body))

    @property
    def path_only(self):
        return self.path.partition('?')[0]


def quote_anything(body):
    """Where … stands for a number or more, as JSON."""
    return re.sub(rf'(?<=[:\[,]\s){ANYTHING}|(?<=\[){ANYTHING}', f'"{ANYTHING}"', body)


def examples():
    return [Example(block) for block in re.findall(r'^```http\n(.*?)\n```$', DOCUMENT.read_text(), re.M | re.S)]


class Replay:
    def __init__(self, daemon):
        self.daemon = daemon
        self.names = {}

    def fill(self, text):
        return re.sub(r'\$([A-Z]\w*)', lambda match: self.names[match[1]], text)

    def compare(self, shown, real, place=''):
        if shown == ANYTHING:
            return
        if isinstance(shown, str) and re.fullmatch(r'\$[A-Z]\w*', shown):
            assert self.names.setdefault(shown[1:], real) == real, place
        elif isinstance(shown, dict):
            assert isinstance(real, dict) and list(shown) == list(real), (place, real)
            for key, value in shown.items():
                self.compare(value, real[key], f'{place}/{key}')
        elif isinstance(shown, list):
            # "[…, …]" would be many: one at the end stands for the rest
            has_rest = bool(shown) and shown[-1] == ANYTHING
            wanted = shown[:-1] if has_rest else shown
            assert len(real) >= len(wanted) if has_rest else len(real) == len(wanted), (place, real)
            for number, value in enumerate(wanted):
                self.compare(value, real[number], f'{place}/{number}')
        else:
            assert (self.fill(shown) if isinstance(shown, str) else shown) == real, place

    def ask(self, example):
        return self.daemon.request(example.method, self.fill(example.path), body=self.fill(example.body) or None,
                                   headers={key: self.fill(value) for key, value in example.headers.items()},
                                   tcp='Authorization' in example.headers,
                                   uid=ADA if example.path.startswith('/v1/self') else None)

    def run(self, example):
        reply = self.ask(example)
        assert reply.status == example.status, (example.method, example.path, reply)
        self.compare(example.reply, reply.json(), f'{example.method} {example.path}')
        for name, value in example.reply_headers.items():
            assert reply.headers[name.lower()] == value, (example.path, name)
        return reply


@pytest.fixture
def daemon(make_tokend):
    return make_tokend({'Http': {'Listen': '127.0.0.1:0', 'Issuer': ISSUER}}).start()


def matching(description, path):
    """The description's paths, those without parameters first."""
    for pattern in sorted(description['paths'], key=lambda pattern: '{' in pattern):
        if re.fullmatch(re.sub(r'\{\w+\}', '[^/]+', pattern), path):
            return pattern
    return None


def test_the_examples(daemon):
    """They are answered as shown, the description of the API covers each reply, and none is missing."""
    jsonschema = pytest.importorskip('jsonschema')
    description = daemon.request('GET', '/openapi.json').json()
    replay = Replay(daemon)
    shown = set()
    for example in examples():
        reply = replay.run(example)
        pattern = matching(description, replay.fill(example.path_only))
        assert pattern, example.path
        shown.add((example.method.lower(), pattern))
        responses = description['paths'][pattern][example.method.lower()]['responses']
        if reply.status < 300:
            assert str(reply.status) in responses, (example.method, example.path)
            content = responses[str(reply.status)].get('content', {})
            schema = content.get('application/json', {}).get('schema', {})
            jsonschema.validate(reply.json(), {**schema, 'components': description['components']})
    there = {(method, path) for path, item in description['paths'].items()
             for method in item if method in ('get', 'post', 'patch', 'delete', 'put')}
    assert there - shown == set()


def test_the_paths_in_the_tables(daemon):
    """Whatever path the document names is in the description."""
    description = daemon.request('GET', '/openapi.json').json()
    named = set(re.findall(r'`(GET|POST|PATCH|DELETE) (/[^`?\s]*)', DOCUMENT.read_text()))
    assert len(named) > 20
    for method, path in named:
        pattern = matching(description, path)
        assert pattern and method.lower() in description['paths'][pattern], (method, path)
