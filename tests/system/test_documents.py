"""The calls that the four documents print, run as they stand: scheme, host and placeholders are
replaced, and where the print itself is broken (CORRECTIONS) the one thing that is. What a program
needs to show its reply is put around it, never into it.
"""

import ast
import datetime
import json
import pathlib
import re
import sys

import pytest

import clients
import tokend as system

CALLS = pathlib.Path(__file__).parent / 'documents'
SHARED = system.ROOT.parent / 'shared/apis'
DOCUMENTS = {'accounts': 'account-access-tokens.txt', 'enterprise': 'enterprise-user-tokens.txt',
             'oauth': 'oauth-token-password.txt', 'token': 'token-api.txt'}

# Printed mistakes: a backslash in the JSON, an unknown variable, a command that the shell cuts at its "&".
CORRECTIONS = {
    'accounts-create.sh': ('1209600, \\', '1209600,'),
    'enterprise-many.cjs': ('data: data', 'data: payload'),
    'oauth-username.sh': ('-d grant_type=password&username=john_doe&password=john_doe_secret',
                          "-d 'grant_type=password&username=john_doe&password=john_doe_secret'"),
    'oauth-email.sh': ('-d grant_type=password&email_address=john_doe@domain.com&password=john_doe_secret',
                       "-d 'grant_type=password&email_address=john_doe@domain.com&password=john_doe_secret'"),
}

# What the prints call their people and programs.
PARTNERS = ['156c5beb-7c9f-4f68-83c0-9479703ac490', '236f5cdc-7h82-6fh3-h37s-9382840de46575']
SOCIAL = '138', 'e8b9ca24f1b590af67e6271297d6e1f7226625d61c5b5daa1b2f215464e292cf'

SHOW_FETCH = '''
console.log(response.status)
console.log(await response.json())
'''
SHOW_REQUESTS = '''
print(response.status_code)
print(response.json())
'''
# console.log() is made for people.
PRELUDE = 'console.log = console.error = (value) => process.stdout.write(JSON.stringify(value) + "\\n")\n'
NODE_FETCH = '''import fetch from 'node-fetch'
globalThis.fetch = fetch
'''


@pytest.fixture(params=clients.DOORS)
def door(request, make_tokend):
    # on the socket a call without credentials is its uid's: that of the first user here
    door = clients.Door(make_tokend, request.param, {'TokenApi': {'DefaultClient': 'sandbox'}}, uid=70000)
    yield door
    door.stop()


class Caller:
    """Runs a printed call, the answer is (status, JSON)."""

    def __init__(self, door, folder):
        self.door = door
        self.folder = pathlib.Path(folder) / 'calls'
        self.folder.mkdir()
        (self.folder / '.curlrc').write_text('silent\nshow-error\nwrite-out = "\\n%{http_code}"\n')
        (self.folder / 'prelude.cjs').write_text(PRELUDE)

    def text(self, name, corrected, **placeholders):
        text = (CALLS / name).read_text()
        if corrected and name in CORRECTIONS:
            old, new = CORRECTIONS[name]
            assert text.count(old) == 1
            text = text.replace(old, new)
        text = re.sub(r'https://[a-z.]+', self.door.url, text)
        for placeholder, value in placeholders.items():
            text = text.replace('ACCESS_TOKEN' if placeholder == 'ACCESS_TOKEN' else f'{{{placeholder}}}', value)
        return text

    def __call__(self, name, corrected=True, before='', key='', **placeholders):
        kind = name.rpartition('.')[2]
        text = self.text(name, corrected, **placeholders)
        if kind == 'mjs':
            text = before + text + SHOW_FETCH
        elif kind == 'py' and 'print(' not in text:
            text += SHOW_REQUESTS
        path = self.folder / name
        path.write_text(text)
        if kind == 'sh':
            return self.curl(path, key)
        if kind == 'py':
            done = clients.run([sys.executable, path], ENTERPRISE_API_KEY=key)
            status, data = done.stdout.splitlines()
            return int(status), ast.literal_eval(data)
        clients.need_node()
        clients.link_modules(self.folder)
        done = clients.run(['node', '--require', self.folder / 'prelude.cjs', path], check=False, ENTERPRISE_API_KEY=key)
        assert done.returncode == 0, done.stderr
        status, data = done.stdout.splitlines()
        return int(status), json.loads(data)

    def curl(self, path, key):
        done = clients.run(['bash', path], check=False, CURL_HOME=str(self.folder), ENTERPRISE_API_KEY=key)
        body, _, status = done.stdout.rstrip('\n').rpartition('\n')
        if body.startswith('HTTP/'):
            body = body.replace('\r\n', '\n').partition('\n\n')[2]
        return int(status), json.loads(body)


@pytest.fixture
def call(door, folder):
    return Caller(door, folder)


def test_the_calls_stand_in_their_documents():
    """Word for word, and none is left out."""
    if not SHARED.is_dir():
        pytest.skip(f'no documents in {SHARED}')
    for path in CALLS.iterdir():
        document = (SHARED / DOCUMENTS[path.name.partition('-')[0].partition('.')[0]]).read_text()
        assert path.read_text().rstrip('\n') in document, path.name
    printed = sum(len(re.findall(r'^(?:curl |import requests|const (?:axios|response) =)', path.read_text(), re.M))
                  for path in SHARED.iterdir())
    assert printed == len(list(CALLS.iterdir()))


# ---- accounts

CREATED = r'20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z'
HEX = r'[0-9a-f]{64}'
LANGUAGES = ['sh', 'py', 'mjs', 'node-fetch']


@pytest.fixture
def account(door):
    user = door.daemon.add_user('ada')
    token = door.daemon.grant('ada').json()['access_token']
    return {'id': user['id'], 'ACCESS_TOKEN': token}


def named(name, language):
    """node-fetch is what the document tells people to install; newer nodes have fetch themselves."""
    if language == 'node-fetch':
        return {'name': f'{name}.mjs', 'before': NODE_FETCH}
    return {'name': f'{name}.{language}'}


@pytest.mark.parametrize('language', LANGUAGES)
def test_accounts(door, call, account, language):
    status, made = call(**named('accounts-create', language), **account)
    assert status == 200 and list(made) == ['id', 'ttl', 'scopes', 'created', 'userId']
    assert re.fullmatch(HEX, made['id']) and re.fullmatch(CREATED, made['created'])
    assert (made['ttl'], made['scopes'], made['userId']) == (1209600, ['string'], account['id'])
    known = door.daemon.introspect(made['id'])
    assert known['username'] == 'ada' and known['scope'] == 'string' and known['exp'] - known['iat'] == 1209600

    status, listed = call(**named('accounts-list', language), **account)
    assert status == 200
    seen = [token for token in listed if token['created'] == made['created']]
    assert seen == [{**made, 'id': known['jti']}]
    assert made['id'] not in json.dumps(listed)

    assert call(**named('accounts-delete', language), **account, fk=made['id']) == (200, {})
    assert not door.daemon.is_active(made['id'])
    status, refused = call(**named('accounts-delete', language), **account, fk=made['id'])
    assert status == 404 and refused['error']['statusCode'] == 404


def test_accounts_delete_by_public_id(door, call, account):
    _, made = call('accounts-create.py', **account)
    known = door.daemon.introspect(made['id'])
    assert call('accounts-delete.sh', **account, fk=known['jti']) == (200, {})
    assert not door.daemon.is_active(made['id'])


@pytest.mark.parametrize('language', LANGUAGES)
def test_accounts_refused(door, call, account, language):
    for name in ('create', 'list', 'delete'):
        status, refused = call(**named(f'accounts-{name}', language), **{**account, 'ACCESS_TOKEN': 'f' * 64}, fk='x')
        assert (status, refused['error']['code']) == (401, 'AUTHORIZATION_REQUIRED')


def test_accounts_as_printed(call, account):
    """A backslash in JSON: what the model answers."""
    status, refused = call('accounts-create.sh', corrected=False, **account)
    assert status == 400 and refused['error']['name'] == 'SyntaxError'


# ---- enterprise user tokens

@pytest.fixture
def key(door):
    for number, partner in enumerate(PARTNERS):
        door.daemon.add_user(f'partner{number}', partner_id=partner)
    door.add_client('enterprise', 'x', 'client_credentials', scopes='issue')
    reply = door.daemon.request('POST', '/v1/tokens', body={'client_id': 'enterprise', 'scopes': ['issue']})
    return reply.json()['access_token']


def check_issued(door, issued, partner):
    assert sorted(issued) == ['expires', 'partner_user_id', 'token']
    assert issued['partner_user_id'] == partner and re.fullmatch(HEX, issued['token'])
    assert re.fullmatch(CREATED, issued['expires'])
    known = door.daemon.introspect(issued['token'])
    assert known['username'] == f'partner{PARTNERS.index(partner)}' and known['client_id'] == 'enterprise'
    expires = datetime.datetime.fromisoformat(issued['expires'].replace('Z', '+00:00')).timestamp()
    assert abs(expires - known['exp']) <= 1 and known['exp'] - known['iat'] == 86400


@pytest.mark.parametrize('language', ['sh', 'py', 'cjs'])
def test_enterprise(door, call, key, language):
    status, one = call(f'enterprise-one.{language}', key=key)
    assert status == 201 and list(one) == ['data']
    check_issued(door, one['data'], PARTNERS[0])

    status, many = call(f'enterprise-many.{language}', key=key)
    assert status == 201 and list(many) == ['data'] and len(many['data']) == len(PARTNERS)
    for issued, partner in zip(many['data'], PARTNERS):
        check_issued(door, issued, partner)


@pytest.mark.parametrize('name', ['enterprise-one', 'enterprise-many'])
@pytest.mark.parametrize('language', ['sh', 'py', 'cjs'])
def test_enterprise_refused(call, key, name, language):
    status, refused = call(f'{name}.{language}', key='f' * 64)
    assert status == 401 and refused['error']


def test_enterprise_as_printed(call, key):
    """An unknown variable: the program never asks."""
    with pytest.raises(AssertionError, match='ReferenceError|before initialization'):
        call('enterprise-many.cjs', corrected=False, key=key)


# ---- OAuth password

@pytest.fixture
def john(door):
    door.daemon.add_user('john_doe', 'john_doe_secret', email='john_doe@domain.com')
    door.add_client(*SOCIAL, 'password,refresh_token')


@pytest.mark.parametrize('name', ['oauth-username.sh', 'oauth-email.sh'])
def test_oauth(door, call, john, name):
    status, token = call(name)
    assert status == 200
    assert (token['expires_in'], token['token_type']) == (604800, 'bearer')
    assert re.fullmatch(HEX, token['access_token']) and re.fullmatch(HEX, token['refresh_token'])
    known = door.daemon.introspect(token['access_token'])
    assert (known['username'], known['client_id']) == ('john_doe', SOCIAL[0])


@pytest.mark.parametrize('name', ['oauth-username.sh', 'oauth-email.sh'])
def test_oauth_as_printed(door, call, john, name):
    """The shell sends grant_type alone, and no client: two mistakes, and the first is told."""
    status, refused = call(name, corrected=False)
    assert (status, refused['error']) == (400, 'invalid_request') and refused['error_description']


def test_oauth_wrong_password(door, call, john):
    door.daemon.ctl('user', 'passwd', 'john_doe', '--password-file=-', input='another one')
    status, refused = call('oauth-username.sh')
    assert (status, refused['error']) == (401, 'invalid_client') and refused['error_description']


# ---- the Token API

DATE = r'(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} 20\d\d \d\d:\d\d:\d\d GMT'
ATTRIBUTES = ['access_token', 'token_type', 'expires_in', 'userName', 'userId', 'role', '.issued', '.expires']


@pytest.fixture
def sandbox(door):
    door.add_client('sandbox', 'x', 'password')
    return door.daemon.add_user('username', 'password', role='Administrator')


def test_token(door, call, sandbox):
    status, token = call('token.sh')
    assert status == 200 and list(token) == ATTRIBUTES
    assert token['token_type'] == 'bearer' and token['expires_in'] in (1209599, 1209600)
    assert (token['userName'], token['userId'], token['role']) == ('username', sandbox['id'], 'Administrator')
    assert re.fullmatch(DATE, token['.issued']) and re.fullmatch(DATE, token['.expires'])
    issued, expires = (datetime.datetime.strptime(token[key], '%a, %d %b %Y %H:%M:%S GMT')
                       for key in ('.issued', '.expires'))
    assert expires - issued == datetime.timedelta(days=14)

    status, another = call('token.sh')
    assert status == 200 and another['access_token'] != token['access_token']
    assert door.daemon.is_active(another['access_token']) and not door.daemon.is_active(token['access_token'])


def test_token_refused(door, call, sandbox):
    door.daemon.ctl('user', 'passwd', 'username', '--password-file=-', input='another one')
    status, refused = call('token.sh')
    assert status == 400 and refused['error'] == 'invalid_grant'
