"""OAuth's client libraries, as people use them, against tokend: over TCP and over its socket.

Each library is one class with the same few calls; a test says what any client may count on.
"""

import os
import shutil
import tempfile

import pytest
import requests

import clients

PASSWORD = 'correct horse & battery+staple=100%'
APP, SECRET = 'app', 'app secret'
# Ids and secrets that a form-urlencoded Basic changes, and what RFC 6749 leaves to luck.
AWKWARD = {'my-app_1.x~y': 'a-b_c.d~e', 'app+1': '100% of it: a+b/c=d&e', 'app%41': 'secret%2Bwith%20escapes'}
TOKEN_PATH = '/oauth/token'


class Client:
    """A library with a registered client; results are the library's, errors {'status', 'error'}."""

    def __init__(self, door, start, method, name=APP, secret=SECRET):
        self.door = door
        self.start = start
        self.method = method
        self.name = name
        self.secret = secret

    @property
    def url(self):
        return self.door.url


class Node(Client):
    program = None

    def registration(self):
        return {'url': self.url, 'id': self.name, 'secret': self.secret, 'method': self.method}

    def call(self, verb, given=None):
        return self.start(self.program).call(verb, self.registration(), given or {})

    def password(self, username, password=PASSWORD, **more):
        return self.call('password', dict(username=username, password=password, **more))

    def refresh(self, token):
        return self.call('refresh', token)

    def automatic(self, token):
        return self.refresh(token)

    def client_credentials(self, **more):
        return self.call('client_credentials', more)

    def introspect(self, token):
        return self.call('introspect', {'token': token})

    def revoke(self, token):
        return self.call('revoke', {'token': token})


class OpenidClient(Node):
    program = 'openid-client.mjs'


class Oauth4webapi(Node):
    program = 'oauth4webapi.mjs'


class SimpleOauth2(Node):
    program = 'simple-oauth2.mjs'

    def automatic(self, token):
        return self.call('automatic', token)


class SimpleOauth2Loose(SimpleOauth2):
    """Its other way to write Basic: as it is."""

    def registration(self):
        return {**super().registration(), 'encoding': 'loose'}


class RequestsOauthlib(Client):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        os.environ['OAUTHLIB_INSECURE_TRANSPORT'] = '1'
        self.library = pytest.importorskip('requests_oauthlib')
        self.oauthlib = pytest.importorskip('oauthlib.oauth2')

    def session(self, kind='LegacyApplicationClient', scope=None, **options):
        client = getattr(self.oauthlib, kind)(client_id=self.name, scope=scope.split() if scope else None)
        session = self.library.OAuth2Session(client=client, **options)
        session.trust_env = False
        return session

    def authentication(self):
        if self.method == 'body':
            return {'client_secret': self.secret, 'include_client_id': True}
        return {'auth': requests.auth.HTTPBasicAuth(self.name, self.secret)}

    def attempt(self, function, *arguments, **options):
        try:
            return dict(function(*arguments, **options))
        except self.oauthlib.OAuth2Error as error:
            return {'status': error.status_code, 'error': error.error}

    def password(self, username, password=PASSWORD, **more):
        session = self.session(**more)
        return self.attempt(session.fetch_token, self.url + TOKEN_PATH, username=username, password=password,
                            **self.authentication())

    def refreshing(self):
        if self.method == 'body':
            return {'client_id': self.name, 'client_secret': self.secret}
        return {}

    def refresh(self, token):
        auth = None if self.method == 'body' else requests.auth.HTTPBasicAuth(self.name, self.secret)
        return self.attempt(self.session(token=token).refresh_token, self.url + TOKEN_PATH, auth=auth,
                            **self.refreshing())

    def automatic(self, token):
        seen = []
        session = self.session(token=token, auto_refresh_url=self.url + TOKEN_PATH, token_updater=seen.append,
                               auto_refresh_kwargs={'client_id': self.name, 'client_secret': self.secret})
        # any request with the token
        session.post(self.url + '/oauth/introspect', data={'token': 'x'}).raise_for_status()
        return dict(seen[0])

    def client_credentials(self, **more):
        session = self.session('BackendApplicationClient', **more)
        return self.attempt(session.fetch_token, self.url + TOKEN_PATH, **self.authentication())

    def revoke(self, token):
        client = self.oauthlib.LegacyApplicationClient(client_id=self.name)
        url, headers, body = client.prepare_token_revocation_request(self.url + '/oauth/revoke', token)
        session = requests.Session()
        session.trust_env = False
        reply = session.post(url, data=body, headers=headers, auth=(self.name, self.secret))
        reply.raise_for_status()
        return reply.json()


class Authlib(Client):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        os.environ['AUTHLIB_INSECURE_TRANSPORT'] = '1'
        self.library = pytest.importorskip('authlib.integrations.requests_client')
        self.errors = pytest.importorskip('authlib.integrations.base_client.errors')

    def session(self, **options):
        method = 'client_secret_post' if self.method == 'body' else 'client_secret_basic'
        session = self.library.OAuth2Session(self.name, self.secret, token_endpoint_auth_method=method,
                                             revocation_endpoint_auth_method=method, **options)
        session.trust_env = False
        return session

    def attempt(self, function, *arguments, **options):
        try:
            return dict(function(*arguments, **options))
        except self.errors.OAuthError as error:
            return {'error': error.error}

    def password(self, username, password=PASSWORD, **more):
        return self.attempt(self.session(scope=more.get('scope')).fetch_token, self.url + TOKEN_PATH,
                            username=username, password=password)

    def refresh(self, token):
        return self.attempt(self.session(token=token).refresh_token, self.url + TOKEN_PATH)

    def automatic(self, token):
        seen = []
        session = self.session(token=token, token_endpoint=self.url + TOKEN_PATH,
                               update_token=lambda new, **old: seen.append(new))
        session.post(self.url + '/oauth/introspect', data={'token': 'x'}).raise_for_status()
        return dict(seen[0])

    def client_credentials(self, **more):
        return self.attempt(self.session(scope=more.get('scope')).fetch_token, self.url + TOKEN_PATH,
                            grant_type='client_credentials')

    def introspect(self, token):
        return self.session().introspect_token(self.url + '/oauth/introspect', token=token).json()

    def revoke(self, token):
        reply = self.session().revoke_token(self.url + '/oauth/revoke', token=token)
        reply.raise_for_status()
        return reply.json()


def name_of(library):
    return library.__name__


LIBRARIES = [OpenidClient, Oauth4webapi, SimpleOauth2, RequestsOauthlib, Authlib]


@pytest.fixture(scope='module')
def start():
    """The program of a library, started when it is first asked for."""
    clients_folder = tempfile.mkdtemp(prefix='tokend-test-')
    drivers = {}

    def start(program):
        clients.need_node()
        if program not in drivers:
            drivers[program] = clients.Driver(clients_folder, program)
        return drivers[program]

    yield start
    for driver in drivers.values():
        driver.stop()
    shutil.rmtree(clients_folder)


@pytest.fixture(params=clients.DOORS)
def door(request, make_tokend):
    door = clients.Door(make_tokend, request.param)
    door.daemon.add_user('ada', PASSWORD)
    door.add_client(APP, SECRET, 'password,refresh_token,client_credentials')
    yield door
    door.stop()


@pytest.fixture(params=['basic', 'body'])
def method(request):
    return request.param


@pytest.fixture(params=LIBRARIES, ids=name_of)
def client(request, door, start, method):
    return request.param(door, start, method)


def test_password(door, client):
    token = client.password('ada', scope='read write')
    assert token['token_type'].lower() == 'bearer' and token['refresh_token']
    assert token['expires_in'] == 604800
    known = door.daemon.introspect(token['access_token'])
    assert (known['username'], known['client_id'], known['scope']) == ('ada', APP, 'read write')
    assert client.password('ada', 'wrong').get('error') == 'invalid_grant'


def test_wrong_secret(door, client):
    client.secret = 'not the secret'
    refused = client.password('ada')
    assert refused['error'] == 'invalid_client'
    if client.__class__ in (OpenidClient, Oauth4webapi):
        assert refused['status'] == 401 and refused['schemes'] == ['basic']


def test_refresh(door, client):
    old = client.password('ada', scope='read')
    new = client.refresh(old)
    assert {old['access_token'], old['refresh_token']} & {new['access_token'], new['refresh_token']} == set()
    assert door.daemon.introspect(new['access_token'])['scope'] == 'read'
    assert not door.daemon.is_active(old['access_token']) and not door.daemon.is_active(old['refresh_token'])
    assert client.refresh(old)['error'] == 'invalid_grant'
    assert door.daemon.is_active(new['access_token'])


def test_automatic_refresh(door, client):
    """The library finds the token too old and gets itself another before it goes on."""
    old = client.password('ada')
    old.update(expires_at=1, expires_in=-1)
    if isinstance(client, SimpleOauth2):
        old['expires_at'] = '1970-01-01T00:00:01.000Z'
    new = client.automatic(old)
    assert door.daemon.is_active(new['access_token']) and not door.daemon.is_active(old['access_token'])


def test_client_credentials(door, client):
    token = client.client_credentials(scope='jobs')
    assert 'refresh_token' not in token
    known = door.daemon.introspect(token['access_token'])
    assert (known['sub'], known['client_id'], known['scope']) == (APP, APP, 'jobs') and 'username' not in known


@pytest.mark.parametrize('client', [OpenidClient, Oauth4webapi, Authlib], indirect=True, ids=name_of)
def test_introspection(door, client):
    token = client.password('ada', scope='read')
    known = client.introspect(token['access_token'])
    assert known['active'] is True and known['username'] == 'ada' and known['iss'] == door.url
    assert client.introspect('f' * 64) == {'active': False}


def test_revocation(door, client):
    token = client.password('ada')
    assert client.revoke(token['access_token']) == {}
    assert not door.daemon.is_active(token['access_token'])
    again = client.password('ada')
    assert client.revoke(again['refresh_token']) == {}
    assert not door.daemon.is_active(again['access_token'])
    assert client.revoke('f' * 64) == {}


@pytest.mark.parametrize('client', [OpenidClient, Oauth4webapi], indirect=True, ids=name_of)
def test_discovery(door, client):
    found = client.call('discover')
    assert found['issuer'] == door.url
    for key, path in (('token', TOKEN_PATH), ('introspection', '/oauth/introspect'), ('revocation', '/oauth/revoke')):
        assert found[f'{key}_endpoint'] == door.url + path


@pytest.mark.parametrize('library', [*LIBRARIES, SimpleOauth2Loose], ids=name_of)
@pytest.mark.parametrize('name', AWKWARD)
def test_awkward_credentials(door, start, method, library, name):
    """Some libraries form-encode id and secret inside Basic, as RFC 6749 has it, and some do not."""
    secret = AWKWARD[name]
    door.add_client(name, secret, 'password,refresh_token')
    token = library(door, start, method, name, secret).password('ada')
    assert door.daemon.introspect(token.get('access_token', ''))['client_id'] == name, token


def test_simple_oauth2_revokes_all(door, start):
    client = SimpleOauth2(door, start, 'basic')
    token = client.password('ada')
    assert client.call('revoke_all', token) == {}
    assert not door.daemon.is_active(token['access_token']) and not door.daemon.is_active(token['refresh_token'])
