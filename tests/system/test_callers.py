"""Who may do what (design.md), every route by every kind of caller: one table, one test.

A refusal must also have left everything as it was.
"""

import base64
import itertools
import os
import pathlib
import re
import shutil
import tempfile

import pytest

import tokend as system

pytestmark = [pytest.mark.root, pytest.mark.sanitize]

PASSWORD = 'correct horse'
APP = 'app'

# Y: done. N: 401 or 403. H: answered as if it were not there. R: refused in OAuth's words (400).
# First to the caller's own: uid, client, user, admin. Then to others': root, uid, tcp, client, user, admin.
ROWS = {
    'password grant':   ('POST /oauth/token',             'YYNN', 'YNNYNN'),
    'refresh grant':    ('POST /oauth/token',             'YYNN', 'YRNRNN'),
    'client grant':     ('POST /oauth/token',             'NYNN', 'NNNYNN'),
    'marketing grant':  ('POST /v2/marketing/oauth/token', 'YYNN', 'YNNYNN'),
    'marketing refresh': ('POST /v2/marketing/oauth/token', 'YYNN', 'YRNRNN'),
    'get a token':      ('GET /Token',                    'YYNN', 'YNNYNN'),
    'post for a token': ('POST /Token',                   'YYNN', 'YNNYNN'),
    'issue for one':    ('POST /v1/enterprise/user-tokens/:user_id', 'NNNN', 'NNNNNN'),
    'issue for many':   ('POST /v1/enterprise/user-tokens', 'NNNN', 'NNNNNN'),
    'introspect':       ('POST /oauth/introspect',        'YYYY', 'YHNYHY'),
    'revoke':           ('POST /oauth/revoke',            'YYYY', 'YNNNNY'),
    'revoke refresh':   ('POST /oauth/revoke',            'YYYY', 'YNNNNY'),
    'open login':       ('POST /v1/logins',               'NNNN', 'YNNNNN'),
    'login token':      ('POST /v1/logins/:id/token',     'NNNN', 'YNNNNN'),
    'close login':      ('DELETE /v1/logins/:id',         'NNNN', 'YNNNNN'),
    'check login':      ('GET /v1/logins/check',          'YNNN', 'YNNNNN'),
    'keys for sshd':    ('GET /v1/logins/keys',           'YNNN', 'YYNNNN'),
    'self token':       ('POST /v1/self/token',           'YNNN', 'HYNNNN'),
    'password':         ('POST /v1/users/:id/password',   'YNYY', 'YNNNNY'),
    'add user':         ('POST /v1/users',                'NNNY', 'YNNNNY'),
    'list users':       ('GET /v1/users',                 'NNNY', 'YNNNNY'),
    'find user':        ('GET /v1/users',                 'YNYY', 'YNNNNY'),
    'show user':        ('GET /v1/users/:id',             'YNYY', 'YNNNNY'),
    'lock user':        ('PATCH /v1/users/:id',           'NNNY', 'YNNNNY'),
    'remove user':      ('DELETE /v1/users/:id',          'NNNY', 'YNNNNY'),
    'add client':       ('POST /v1/clients',              'NNNY', 'YNNNNY'),
    'list clients':     ('GET /v1/clients',               'NNNY', 'YNNNNY'),
    'show client':      ('GET /v1/clients/:id',           'NNNY', 'YNNNNY'),
    'remove client':    ('DELETE /v1/clients/:id',        'NNNY', 'YNNNNY'),
    'issue':            ('POST /v1/tokens',               'NNNY', 'YNNNNY'),
    'issue for client': ('POST /v1/tokens',               'NNNY', 'YNNNNY'),
    'list tokens':      ('GET /v1/tokens',                'YNYY', 'YYNNYY'),
    'tokens of user':   ('GET /v1/tokens',                'YNYY', 'YNNNNY'),
    'show token':       ('GET /v1/tokens/:id',            'YNYY', 'YHNNHY'),
    'revoke by id':     ('DELETE /v1/tokens/:id',         'YYYY', 'YHNHHY'),
    'revoke user':      ('DELETE /v1/tokens',             'YNYY', 'YNNNNY'),
    'revoke client':    ('DELETE /v1/tokens',             'NYNY', 'YNNNNY'),
    'revoke all':       ('DELETE /v1/tokens',             'NNNY', 'YNNNNY'),
    'list failures':    ('GET /v1/throttle',              'NNNY', 'YNNNNY'),
    'clear failures':   ('DELETE /v1/throttle',           'NNNY', 'YNNNNY'),
    'add account token': ('POST /v1/Accounts/:id/accessTokens', 'NNYY', 'YNNNNY'),
    'list account tokens': ('GET /v1/Accounts/:id/accessTokens', 'NNYY', 'YNNNNY'),
    'count account tokens': ('GET /v1/Accounts/:id/accessTokens/count', 'NNYY', 'YNNNNY'),
    'show account token': ('GET /v1/Accounts/:id/accessTokens/:fk', 'NNYY', 'YNNNNY'),
    'drop account token': ('DELETE /v1/Accounts/:id/accessTokens/:fk', 'NNYY', 'YNNNNY'),
    'health':           ('GET /healthz',                  'YYYY', 'YYYYYY'),
    'metadata':         ('GET /.well-known/oauth-authorization-server', 'YYYY', 'YYYYYY'),
    'description':      ('GET /openapi.json',             'YYYY', 'YYYYYY'),
}
OPEN = {'health', 'metadata', 'description'}
# What an enterprise API key is for, and nothing else.
FOR_KEYS = {'issue for one', 'issue for many'}
# What asks for nobody in particular is no attempt on others.
NOBODYS = {'client grant', 'self token', 'list tokens'} | OPEN

OWN = {'uid': 0, 'client': 1, 'user': 2, 'admin': 3}
OTHERS = {'root': 0, 'uid': 1, 'tcp': 2, 'client': 3, 'user': 4, 'admin': 5}
# Who shows a token is its owner, whoever brings it: not even root is more.
AS_ANOTHER = {'user brought by root': 'user', 'client brought by root': 'client'}
# Tokens that open nothing here.
POWERLESS = ['enterprise key', 'token with scopes', 'token of a client', 'dead token', 'refresh token', 'no token']

QUERIES = {
    'close login': 'user={name}', 'check login': 'user={name}', 'keys for sshd': 'user={name}',
    'find user': 'name={name}', 'tokens of user': 'user={name}', 'revoke user': 'user={name}', 'revoke client': 'client_id={client}',
    'revoke all': 'all=true', 'clear failures': 'user={name}',
}
FORMS = {
    'password grant': dict(grant_type='password', username='{name}', password=PASSWORD),
    'refresh grant': dict(grant_type='refresh_token', refresh_token='{refresh}'),
    'client grant': dict(grant_type='client_credentials'),
    'marketing grant': dict(grant_type='password', email_address='{name}@example.org', password=PASSWORD),
    'marketing refresh': dict(grant_type='refresh_token', refresh_token='{refresh}'),
    'get a token': dict(grant_type='password', username='{name}', password=PASSWORD),
    'post for a token': dict(grant_type='password', username='{name}', password=PASSWORD),
    'introspect': dict(token='{token}'), 'revoke': dict(token='{token}'), 'revoke refresh': dict(token='{refresh}'),
    'open login': dict(user='{name}'), 'login token': dict(user='{name}'), 'self token': {},
}
BODIES = {
    'password': dict(password='new', old_password=PASSWORD), 'add user': dict(name='{new}'),
    'lock user': dict(state='locked'), 'add client': dict(client_id='{new}'), 'issue': dict(user='{name}'),
    'issue for client': dict(client_id='{client}'), 'issue for many': dict(data=['{id}']),
    'add account token': {},
}
IDS = {
    'login token': '{login}', 'close login': '{login}', 'password': '{id}', 'show user': '{id}', 'lock user': '{id}',
    'remove user': '{id}', 'show client': '{client}', 'remove client': '{client}', 'show token': '{token_id}',
    'revoke by id': '{token_id}', 'issue for one': '{id}', 'add account token': '{id}', 'list account tokens': '{id}',
    'count account tokens': '{id}', 'show account token': '{id}', 'drop account token': '{id}',
}


class World:
    def __init__(self, folder):
        self.daemon = system.Tokend(folder, {'Password': {'Throttle': 'no'}}).start()
        self.numbers = itertools.count()
        self.proof = None

    def post(self, path, **options):
        reply = self.daemon.request('POST', path, **options)
        assert reply.status in (200, 201), reply
        return reply.json()

    def register(self, id):
        grants = ['password', 'refresh_token', 'client_credentials']
        client = self.post('/v1/clients', body={'client_id': id, 'grants': grants})
        return 'Basic ' + base64.b64encode(f'{id}:{client["client_secret"]}'.encode()).decode()

    def app(self):
        """The client that calls; made anew when a test removed it."""
        if self.daemon.request('GET', f'/v1/clients/{APP}').status == 404:
            self.proof = self.register(APP)
        return self.proof

    def victim(self, client='local', scopes=None):
        """A user with a login, a pair of tokens through a client, and a client of its own name."""
        number = next(self.numbers)
        name = f'user{number}'
        user = self.post('/v1/users', body={'name': name, 'password': PASSWORD, 'email': f'{name}@example.org',
                                            **({'scopes': scopes} if scopes else {})})
        proof = dict(headers={'Authorization': self.app()}, tcp=True) if client == APP else {}
        pair = self.daemon.grant(name, PASSWORD, **proof).json()
        token = pair['access_token']
        self.register(f'client{number}')
        return dict(name=name, id=user['id'], uid=user['uid'], token=token, refresh=pair['refresh_token'],
                    token_id=self.daemon.introspect(token)['jti'], client=client if client == APP else f'client{number}',
                    login=self.post('/v1/logins', form={'user': name})['login'], new=f'new{number}')

    def bearer(self, **wanted):
        return f'Bearer {self.post("/v1/tokens", body=wanted)["access_token"]}'

    def key(self):
        client = f'partner{next(self.numbers)}'
        self.post('/v1/clients', body={'client_id': client, 'scopes': ['issue']})
        return self.bearer(client_id=client, scopes=['issue'])

    def is_untouched(self, victim):
        user = self.daemon.request('GET', f'/v1/users/{victim["id"]}')
        return (user.status == 200 and user.json()['state'] == 'active' and self.daemon.is_active(victim['token']) and
                self.daemon.is_active(victim['refresh']) and
                self.daemon.request('GET', f'/v1/tokens/{victim["login"]}').status == 200 and
                self.daemon.request('GET', f'/v1/clients/{victim["client"]}').status == 200 and
                self.daemon.request('GET', f'/v1/users?name={victim["new"]}').json()['users'] == [] and
                self.daemon.request('GET', f'/v1/clients/{victim["new"]}').status == 404 and
                self.daemon.grant(victim['name'], PASSWORD).status == 200)


@pytest.fixture(scope='module')
def world():
    folder = tempfile.mkdtemp(prefix='tokend-test-', dir='/run')
    os.chmod(folder, 0o755)
    world = World(folder)
    yield world
    log = world.daemon.output()
    status = world.daemon.stop()
    shutil.rmtree(folder, ignore_errors=True)
    assert status == 0 and 'Sanitizer' not in log and 'runtime error' not in log, log


def filled(value, victim):
    if isinstance(value, dict):
        return {key: filled(part, victim) for key, part in value.items()}
    if isinstance(value, list):
        return [filled(part, victim) for part in value]
    return value.format(**victim)


def attempt(world, row, victim, caller):
    """The outcome's letter, or the reply when it is none of them."""
    method, path = ROWS[row][0].split()
    path = re.sub(r':(user_)?id', IDS.get(row, '').format(**victim), path).replace(':fk', victim['token_id'])
    if row in QUERIES:
        path += '?' + QUERIES[row].format(**victim)
    options = {'headers': {}, **caller}
    options['headers'] = dict(options['headers'])
    if row in FORMS:
        options['form'] = filled(FORMS[row], victim)
    if row in BODIES:
        options['body'] = filled(BODIES[row], victim)
    reply = world.daemon.request(method, path, **options)
    if reply.status in (200, 201):
        return 'H' if reply.body == '{"active":false}' else 'Y'
    if reply.status in (401, 403):
        return 'N'
    if reply.status == 404:
        return 'H'
    if reply.status == 400 and reply.json()['error'] in ('invalid_grant', 'unauthorized_client'):
        return 'R'
    return reply


def caller_of(world, kind):
    """(how it calls, what is its own)"""
    if kind in ('root', 'tcp'):
        return dict(tcp=kind == 'tcp'), None
    if kind == 'client':
        return dict(headers={'Authorization': world.app()}, tcp=True), world.victim(client=APP)
    if kind == 'admin':
        own = world.victim(scopes=['admin', 'read'])
        return dict(headers={'Authorization': world.bearer(user=own['name'], scopes=['admin'])}, tcp=True), own
    own = world.victim()
    if kind == 'uid':
        return dict(uid=own['uid']), own
    return dict(headers={'Authorization': f'Bearer {own["token"]}'}, tcp=True), own


def check(world, row, victim, caller, expected):
    outcome = attempt(world, row, victim, caller)
    assert outcome == expected
    if expected in 'NHR' and row not in NOBODYS:
        assert world.is_untouched(victim)


@pytest.mark.parametrize('kind', OTHERS)
@pytest.mark.parametrize('row', ROWS)
def test_others(world, row, kind):
    caller, _ = caller_of(world, kind)
    check(world, row, world.victim(), caller, ROWS[row][2][OTHERS[kind]])


@pytest.mark.parametrize('kind', OWN)
@pytest.mark.parametrize('row', ROWS)
def test_own(world, row, kind):
    caller, own = caller_of(world, kind)
    check(world, row, own, caller, ROWS[row][1][OWN[kind]])


@pytest.mark.parametrize('kind', AS_ANOTHER)
@pytest.mark.parametrize('row', ROWS)
def test_as_another(world, row, kind):
    caller, _ = caller_of(world, AS_ANOTHER[kind])
    check(world, row, world.victim(), {**caller, 'tcp': False}, ROWS[row][2][OTHERS[AS_ANOTHER[kind]]])


@pytest.mark.parametrize('kind', POWERLESS)
@pytest.mark.parametrize('row', ROWS)
def test_powerless(world, row, kind):
    """On root's own socket, where without them everything would be allowed."""
    victim = world.victim()
    if kind == 'token with scopes':
        proof = world.bearer(user=victim['name'], scopes=['read'])
    elif kind == 'token of a client':
        proof = world.bearer(client_id=victim['client'])
    elif kind == 'enterprise key':
        proof = world.key()
    elif kind == 'dead token':
        dead = world.victim()
        assert world.daemon.request('POST', '/oauth/revoke', form={'token': dead['token']}).status == 200
        proof = f'Bearer {dead["token"]}'
    else:
        proof = f'Bearer {victim["refresh"]}' if kind == 'refresh token' else 'Bearer x'
    may = row in OPEN or (kind == 'enterprise key' and row in FOR_KEYS)
    check(world, row, victim, dict(headers={'Authorization': proof}), 'Y' if may else 'N')


def test_every_route_has_its_rows():
    text = (pathlib.Path(system.ROOT) / 'docs/http.md').read_text()
    documented = set(re.findall(r'`((?:GET|POST|PUT|PATCH|DELETE) /[\w/:.-]*)', text))
    assert documented == {route for route, _, _ in ROWS.values()}
