"""What comes over HTTP from those who mean harm: threats.md, "Input" 27 to 31, "Tokens" 33 to 40."""

import base64
import contextlib
import json
import os
import pathlib
import re
import socket
import threading
import time

import pytest

import tokend as system

pytestmark = pytest.mark.sanitize

SECRET = 'a-secret-that-must-not-be-logged'
NEXT = b'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
YEAR = 365 * 24 * 3600


@pytest.fixture
def daemon(make_tokend):
    return make_tokend({'Password': {'Throttle': 'no'}}).start()


@pytest.fixture(params=['socket', 'tcp'])
def send(request, daemon):
    """Sends raw bytes there; on TCP "localhost" becomes the host as it has to be."""
    def send(data):
        if request.param == 'socket':
            return system.exchange(daemon.socket, data)
        return system.exchange(daemon.port, data.replace(b'localhost', f'127.0.0.1:{daemon.port}'.encode()))

    return send


def statuses(answer):
    return [int(status) for status in re.findall(rb'HTTP/1\.[01] (\d{3})', answer)]


def without_date(answer):
    return re.sub(rb'\r\nDate: [^\r]*', b'', answer)


def head(first, *fields, host='localhost'):
    lines = [first, f'Host: {host}', *fields]
    return '\r\n'.join(lines).encode() + b'\r\n\r\n'


# ---- framing

FORM = 'Content-Type: application/x-www-form-urlencoded'
POST = 'POST /oauth/introspect HTTP/1.1'
MALFORMED = {
    'two lengths': head(POST, FORM, 'Content-Length: 7', 'Content-Length: 7') + b'token=x',
    'two different lengths': head(POST, FORM, 'Content-Length: 7', 'Content-Length: 0') + b'token=x',
    'length and chunked': head(POST, FORM, 'Content-Length: 7', 'Transfer-Encoding: chunked') + b'0\r\n\r\n',
    'chunked and length': head(POST, FORM, 'Transfer-Encoding: chunked', 'Content-Length: 7') + b'0\r\n\r\n',
    'two hosts': head(POST, FORM, 'Host: localhost', 'Content-Length: 7') + b'token=x',
    'gzip': head(POST, FORM, 'Transfer-Encoding: gzip'),
    'gzip, chunked': head(POST, FORM, 'Transfer-Encoding: gzip, chunked') + b'0\r\n\r\n',
    'chunked twice': head(POST, FORM, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked') + b'0\r\n\r\n',
    'space behind a name': head(POST, FORM, 'Content-Length : 7') + b'token=x',
    'space in a name': head(POST, FORM, 'X Y: z', 'Content-Length: 7') + b'token=x',
    'NUL in a value': head(POST, FORM, 'X-Y: a\0b', 'Content-Length: 7') + b'token=x',
    'NUL in a name': head(POST, FORM, 'X\0Y: a', 'Content-Length: 7') + b'token=x',
    'a length of +7': head(POST, FORM, 'Content-Length: +7') + b'token=x',
    'a length of -1': head(POST, FORM, 'Content-Length: -1') + b'token=x',
    'two proofs': head(POST, FORM, 'Authorization: Bearer a', 'Authorization: Bearer b', 'Content-Length: 7') +
                  b'token=x',
}


@pytest.mark.parametrize('name', MALFORMED)
def test_unclear_framing_is_refused_and_closed(send, name):
    """What follows is not answered. (To a bad length libmicrohttpd 0.9.75 says its own 400 twice.)"""
    answer = send(MALFORMED[name] + NEXT)
    assert set(statuses(answer)) == {400}, answer


def test_clear_framing_is_not(send):
    """So that the test before shows what it says."""
    good = head('GET /healthz HTTP/1.1', 'X-Y: a b', 'Content-Length: 0')
    assert statuses(send(good + NEXT)) == [200, 200]
    form = head(POST, FORM, 'Content-Length: 7') + b'token=x'
    assert statuses(send(form + NEXT))[1:] == [200]


def test_an_empty_post_needs_no_length(daemon):
    answer = system.exchange(daemon.socket, head(POST, 'Connection: close'))
    assert statuses(answer) == [400] and b'invalid-request' in answer


# ---- bodies

BAD_JSON = [
    '{"name":"x"} x', '{}{}', '{"name"}', '{"name":[1,,2]}', '{"name":tru}', '{"name":"x","name":"y"}',
    '{"name":"\\u0000"}', '{"name":"\\ud800"}', '{"name":"x"}\0{', '{"name":"a\nb"}', '{"name":\'x\'}', '{"name":"x",}',
    '[{"name":"x"}]', '"x"', '{', '[' * 65536, '{"a":' * 10000, '\ufeff{}', '{"name":"x"', '{name:"x"}', '{"name":01}',
    '{"name":"\\x41"}', '{"name":NaN}', b'{"name":"\xff"}', b'{"name":"\xc0\xaf"}',
]


@pytest.mark.root
def test_malformed_json(daemon):
    for body in BAD_JSON:
        reply = daemon.request('POST', '/v1/users', body=body.encode() if isinstance(body, str) else body)
        assert reply.status == 400, (body[:40], reply)
        assert reply.json()['reason'] == 'invalid-request'
    assert daemon.request('POST', '/v1/users', body={'name': 'x', 'password': 'y'}).status == 201
    assert [user['name'] for user in daemon.ctl_json('user', 'list')['users']] == ['x']


def raw_form(daemon, text, path='/oauth/introspect'):
    return daemon.request('POST', path, body=text, headers={'Content-Type': 'application/x-www-form-urlencoded'})


@pytest.mark.root
def test_form_parameters_stand_once(daemon):
    for text in ('token=a&token=b', 'token=a&token=a', 'token=a&token', 'token=%zz', 'token=a%00b', 'token=a\0b'):
        reply = raw_form(daemon, text)
        assert (reply.status, reply.json()['error']) == (400, 'invalid_request'), text
    reply = raw_form(daemon, 'token=a&x=1', '/oauth/introspect?x=1')
    assert (reply.status, reply.json()['error']) == (400, 'invalid_request')
    assert raw_form(daemon, 'token=a&x=1', '/oauth/introspect?y=1').body == '{"active":false}'
    reply = daemon.request('POST', '/oauth/introspect', body='{"token":"a"}')
    assert reply.status == 400, 'JSON is no form'


@pytest.mark.root
def test_secrets_in_the_query(daemon):
    for name in ('token', 'access_token', 'refresh_token', 'password', 'old_password', 'client_secret'):
        for method, path in (('POST', '/oauth/introspect'), ('GET', '/v1/tokens'), ('POST', '/oauth/token')):
            reply = daemon.request(method, f'{path}?{name}={SECRET}', form={'x': '1'} if method == 'POST' else None)
            assert reply.status == 400, (name, path, reply)
            assert SECRET not in reply.body
    assert SECRET not in daemon.output()


@pytest.mark.root
def test_no_secret_is_logged(daemon):
    """At the most talkative level, of everything that is said to tokend: right, wrong and malformed."""
    daemon.config['Daemon']['LogLevel'] = 'debug'
    daemon.stop()
    daemon.start()
    daemon.add_user('ada', SECRET)
    token = daemon.grant('ada', SECRET).json()
    daemon.grant('ada', SECRET + 'x')
    daemon.grant(SECRET, 'typed into the wrong field', form={'service': 'sshd'})
    daemon.request('GET', '/v1/tokens', headers={'Authorization': f'Bearer {SECRET}'})
    daemon.request('GET', '/v1/tokens', headers={'Authorization': f'Basic {SECRET}'})
    daemon.request('GET', '/v1/tokens', headers={'Authorization': f'Bearer {token["access_token"]}'})
    daemon.request('GET', f'/v1/tokens/{token["access_token"]}')
    daemon.request('DELETE', f'/v1/tokens/{token["access_token"]}')
    daemon.request('POST', '/oauth/revoke', form={'token': token['refresh_token']})
    daemon.ctl('user', 'remove', 'ada')
    assert token['id'] in daemon.output()
    for secret in (SECRET, token['access_token'], token['refresh_token']):
        assert secret not in daemon.output()


def test_body_limit(send):
    limit = 64 * 1024
    fields = [FORM, 'Connection: close']
    fits = head(POST, *fields, f'Content-Length: {limit}') + b'x' * limit
    assert statuses(send(fits))[0] in (400, 401)
    announced = head(POST, *fields, f'Content-Length: {limit + 1}')
    assert statuses(send(announced)) == [413]
    for size in ('18446744073709551616', '9' * 400):
        assert statuses(send(head(POST, *fields, f'Content-Length: {size}')))[0] in (400, 413)
    chunk = b'1000\r\n' + b'x' * 4096 + b'\r\n'
    chunked = head(POST, *fields, 'Transfer-Encoding: chunked') + chunk * 17 + b'0\r\n\r\n'
    assert statuses(send(chunked)) == [413]


# ---- pages of other sites

def test_pages_are_refused_on_tcp(daemon):
    port = daemon.port
    own = f'127.0.0.1:{port}'
    refused = [
        head('GET /healthz HTTP/1.1', 'Connection: close', host='evil.example'),
        head('GET /healthz HTTP/1.1', 'Connection: close', host=f'evil.example:{port}'),
        head('GET /healthz HTTP/1.1', 'Connection: close', host=f'127.0.0.1.evil.example:{port}'),
        head('GET /healthz HTTP/1.1', 'Connection: close', f'Origin: http://{own}', host=own),
        head('GET /healthz HTTP/1.1', 'Connection: close', 'Origin: null', host=own),
        head('GET /healthz HTTP/1.1', 'Connection: close', 'Sec-Fetch-Site: cross-site', host=own),
        head('OPTIONS /oauth/token HTTP/1.1', 'Connection: close', 'Origin: https://evil.example',
             'Access-Control-Request-Method: POST', host=own),
        b'GET /healthz HTTP/1.0\r\n\r\n',
    ]
    for data in refused:
        answer = system.exchange(port, data)
        assert statuses(answer) == [403], (data, answer)
        assert b'access-control' not in answer.lower()
    for fields in ([], ['Sec-Fetch-Site: none'], ['Sec-Fetch-Site: same-origin']):
        for host in (own, f'localhost:{port}'):
            data = head('GET /healthz HTTP/1.1', 'Connection: close', *fields, host=host)
            assert statuses(system.exchange(port, data)) == [200], data


def test_nobody_is_let_in_by_cors(send):
    for method in ('OPTIONS', 'GET', 'POST'):
        for path in ('/healthz', '/oauth/token', '/oauth/introspect', '/v1/tokens', '/nowhere'):
            answer = send(head(f'{method} {path} HTTP/1.1', 'Connection: close', 'Content-Length: 0'))
            assert statuses(answer) and b'access-control' not in answer.lower(), answer


# ---- slow clients

def drip(door, start, forever, interval=0.05):
    """Sends start, then a byte of forever again and again, until the other end has had enough."""
    family = socket.AF_INET if isinstance(door, int) else socket.AF_UNIX
    address = ('127.0.0.1', door) if isinstance(door, int) else str(door)
    with socket.socket(family) as s:
        s.connect(address)
        s.settimeout(interval)
        s.sendall(start)

        def is_dropped():
            try:
                s.send(forever)
                return s.recv(4096) == b''
            except TimeoutError:
                return False
            except OSError:
                return True

        system.wait_for(is_dropped, 'the slow client is dropped')


SLOW = {
    'nothing': (b'', b''),
    'request line': (b'GET /', b'a'),
    'head': (b'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Y: ', b'a'),
    'body': (head(POST, FORM, 'Content-Length: 1000'), b'a'),
    'chunk extension': (head(POST, FORM, 'Transfer-Encoding: chunked') + b'5;', b'a'),
    'chunks': (head(POST, FORM, 'Transfer-Encoding: chunked'), b'1\r\na\r\n'),
}


@pytest.mark.parametrize('name', SLOW)
def test_slow_clients_are_dropped(make_tokend, name):
    daemon = make_tokend({'Http': {'RequestTimeout': '1s'}}).start()
    for door in (daemon.socket, daemon.port):
        drip(door, *SLOW[name])
    assert daemon.request('GET', '/healthz').status == 200


@pytest.mark.root
def test_the_deadline_is_for_clients_not_for_tokend(make_tokend):
    """A hash that takes longer than the deadline is waited for."""
    daemon = make_tokend({'Http': {'RequestTimeout': '200ms'},
                          'Password': {'Hash': 'bcrypt', 'Rounds': '13'}}).start()
    daemon.add_user('ada')
    start = time.monotonic()
    assert daemon.grant('ada').status == 200
    assert time.monotonic() - start > 0.2, 'the hash was too quick to show anything'


def test_many_idle_connections_keep_nobody_out(make_tokend):
    daemon = make_tokend({'Http': {'RequestTimeout': '2s', 'ConnectionsMax': '200'}}).start()
    idle = []
    try:
        for _ in range(400):
            s = socket.create_connection(('127.0.0.1', daemon.port))
            idle.append(s)
        assert daemon.request('GET', '/healthz').status == 200, 'the socket has places of its own'
        system.wait_for(lambda: answers(daemon), 'the idle ones are dropped')
    finally:
        for s in idle:
            s.close()


def answers(daemon):
    try:
        return daemon.request('GET', '/healthz', tcp=True, timeout=1).status == 200
    except OSError:
        return False
    except system.http.client.HTTPException:
        return False


def test_descriptors_sent_along_are_not_kept(daemon):
    def count():
        return len(list(pathlib.Path(f'/proc/{daemon.process.pid}/fd').iterdir()))

    with socket.socket(socket.AF_UNIX) as s, open('/dev/null') as null:
        s.connect(str(daemon.socket))
        s.sendall(head('GET /healthz HTTP/1.1'))
        assert s.recv(4096).startswith(b'HTTP/1.1 200')
        before = count()
        socket.send_fds(s, [head('GET /healthz HTTP/1.1')], [null.fileno()] * 253)
        assert s.recv(4096).startswith(b'HTTP/1.1 200')
        assert count() == before


# ---- introspection

@pytest.mark.root
def test_what_is_not_active_answers_the_same_bytes(daemon):
    daemon.add_user('ada')
    daemon.ctl('client', 'add', 'own', '--introspect=own', '--secret-file=-', input=SECRET)

    def asked(token, *fields):
        body = f'token={token}'
        return system.exchange(daemon.socket, head(POST, FORM, 'Connection: close', f'Content-Length: {len(body)}',
                                                   *fields) + body.encode())

    revoked = daemon.ctl_json('token', 'issue', '--user=ada')
    daemon.ctl('token', 'revoke', revoked['id'])
    expired = daemon.ctl_json('token', 'issue', '--user=ada', '--ttl=1')
    assert daemon.is_active(expired['access_token'])
    alive = daemon.ctl_json('token', 'issue', '--user=ada')
    assert b'"active":true' in asked(alive['access_token'])
    system.wait_for(lambda: not daemon.is_active(expired['access_token']), 'the token expires')
    basic = 'Authorization: Basic ' + base64.b64encode(f'own:{SECRET}'.encode()).decode()
    spent = daemon.grant('ada').json()['refresh_token']
    assert daemon.request('POST', '/oauth/token', form={'grant_type': 'refresh_token', 'refresh_token': spent}
                          ).status == 200
    seen = {
        'revoked': asked(revoked['access_token']),
        'expired': asked(expired['access_token']),
        'spent': asked(spent),
        'unknown': asked('0' * 64),
        'upper case': asked(alive['access_token'].upper() + ''),
        'too short': asked(alive['access_token'][:-1]),
        'too long': asked(alive['access_token'] + '0'),
        'its id': asked(alive['id']),
        'no hex': asked('x' * 64),
        'long': asked('a' * 10000),
        'bytes': asked('%ff%fe'),
        'of another client': asked(alive['access_token'], basic),
    }
    if alive['access_token'].isdigit():
        del seen['upper case']
    assert {name: without_date(answer) for name, answer in seen.items()} == dict.fromkeys(
        seen, without_date(seen['unknown']))
    assert seen['unknown'].endswith(b'\r\n\r\n{"active":false}')


# ---- refresh tokens

def refresh(daemon, token, **options):
    return daemon.request('POST', '/oauth/token', form={'grant_type': 'refresh_token', 'refresh_token': token},
                          **options)


@pytest.mark.root
def test_reuse_within_the_grace_revokes_nothing(make_tokend):
    daemon = make_tokend({'Token': {'RefreshGrace': '1h'}}).start()
    daemon.add_user('ada')
    first = daemon.grant('ada').json()
    second = refresh(daemon, first['refresh_token']).json()
    for _ in range(3):
        reply = refresh(daemon, first['refresh_token'])
        assert (reply.status, reply.json()['error']) == (400, 'invalid_grant')
    assert daemon.is_active(second['access_token'])
    assert refresh(daemon, second['refresh_token']).status == 200


@pytest.mark.root
@pytest.mark.parametrize('restarted', [False, True], ids=['running', 'restarted'])
def test_reuse_behind_the_grace_ends_the_family(make_tokend, restarted):
    daemon = make_tokend({'Token': {'RefreshGrace': '1s'}}).start()
    daemon.add_user('ada')
    first = daemon.grant('ada').json()
    second = refresh(daemon, first['refresh_token']).json()
    bystander = daemon.grant('ada').json()
    if restarted:
        daemon.kill()
        daemon.start()
    assert daemon.is_active(second['access_token'])

    def is_ended():
        reply = refresh(daemon, first['refresh_token'])
        assert (reply.status, reply.json()['error']) == (400, 'invalid_grant')
        return not daemon.is_active(second['access_token'])

    system.wait_for(is_ended, 'the family ends')
    assert not daemon.is_active(second['refresh_token'])
    assert refresh(daemon, second['refresh_token']).status == 400
    assert daemon.is_active(bystander['access_token'])


@pytest.mark.root
def test_one_refresh_token_64_times_at_once(daemon):
    daemon.add_user('ada')
    token = daemon.grant('ada').json()['refresh_token']
    for _ in range(5):
        form = {'grant_type': 'refresh_token', 'refresh_token': token}
        replies = system.together(daemon.socket, [system.post('/oauth/token', form)] * 64)
        winners = [reply for reply in replies if statuses(reply) == [200]]
        assert len(winners) == 1
        assert [statuses(reply) for reply in replies].count([400]) == 63
        won = json.loads(winners[0].split(b'\r\n\r\n', 1)[1])
        assert daemon.is_active(won['access_token'])
        token = won['refresh_token']


@pytest.mark.root
@pytest.mark.parametrize('how', ['refresh token', 'user'])
def test_refreshing_while_another_revokes(daemon, how):
    """Threat 34: what was issued before or meanwhile is dead once the revocation is answered."""
    daemon.add_user('ada')
    issued = [daemon.grant('ada').json()]
    enough = threading.Event()

    def go_on():
        while True:
            reply = refresh(daemon, issued[-1]['refresh_token'])
            if reply.status != 200:
                return
            issued.append(reply.json())
            if len(issued) > 5:
                enough.set()

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    assert enough.wait(system.PATIENCE)
    if how == 'user':
        assert daemon.request('DELETE', '/v1/tokens?user=ada').status == 200
    else:
        while thread.is_alive():
            daemon.request('POST', '/oauth/revoke', form={'token': issued[-1]['refresh_token']})
    alive = [token for token in issued if daemon.is_active(token['access_token'])]
    thread.join(system.PATIENCE)
    assert not thread.is_alive()
    assert alive == []
    assert [token for token in issued if daemon.is_active(token['access_token'])] == []


# ---- revocation

@pytest.mark.root
@pytest.mark.parametrize('hint', [None, 'access_token', 'refresh_token', 'nonsense'])
def test_revoking_a_refresh_token_ends_its_access_tokens(daemon, hint):
    daemon.add_user('ada')
    pair = daemon.grant('ada').json()
    assert daemon.is_active(pair['access_token'])
    form = {'token': pair['refresh_token'], **({'token_type_hint': hint} if hint else {})}
    reply = daemon.request('POST', '/oauth/revoke', form=form)
    assert (reply.status, reply.body) == (200, '{}')
    assert not daemon.is_active(pair['access_token'])
    assert refresh(daemon, pair['refresh_token']).status == 400


@pytest.mark.root
def test_revoking_what_is_not_there(daemon):
    for token in ('0' * 64, 'x', 'x' * 5000):
        reply = daemon.request('POST', '/oauth/revoke', form={'token': token})
        assert (reply.status, reply.body) == (200, '{}')
    assert daemon.request('POST', '/oauth/revoke', form={'x': 'y'}).status == 400


@pytest.mark.root
def test_another_clients_token_stays_alive(daemon):
    daemon.add_user('ada')
    proofs = {}
    for client in ('app', 'other'):
        secret = daemon.ctl_json('client', 'add', client, '--grants=password,refresh_token')['client_secret']
        proofs[client] = {'client_id': client, 'client_secret': secret}
    pair = daemon.grant('ada', form=proofs['app'], tcp=True).json()
    for token in (pair['access_token'], pair['refresh_token']):
        reply = daemon.request('POST', '/oauth/revoke', form={'token': token, **proofs['other']}, tcp=True)
        assert reply.status in (400, 403), reply
        assert daemon.is_active(pair['access_token'])
    stolen = {'grant_type': 'refresh_token', 'refresh_token': pair['refresh_token'], **proofs['other']}
    reply = daemon.request('POST', '/oauth/token', form=stolen, tcp=True)
    assert (reply.status, reply.json()['error']) == (400, 'invalid_grant')
    assert daemon.is_active(pair['access_token'])
    own = {'grant_type': 'refresh_token', 'refresh_token': pair['refresh_token'], **proofs['app']}
    fresh = daemon.request('POST', '/oauth/token', form=own, tcp=True)
    assert fresh.status == 200
    assert daemon.request('POST', '/oauth/revoke', form={'token': fresh.json()['access_token'], **proofs['app']},
                          tcp=True).status == 200
    assert not daemon.is_active(fresh.json()['access_token'])


@pytest.mark.root
def test_a_revocation_that_could_not_be_kept_is_no_success(make_tokend, folder):
    fails = pathlib.Path(folder, 'fails')
    daemon = make_tokend(env=system.preload(system.SLOW_FDATASYNC, SLOW_FDATASYNC_FAIL_FILE=str(fails))).start()
    daemon.add_user('ada')
    token = daemon.ctl_json('token', 'issue', '--user=ada')['access_token']
    fails.touch()
    reply = daemon.request('POST', '/oauth/revoke', form={'token': token})
    assert (reply.status, reply.json()['reason']) == (503, 'store-unavailable')
    fails.unlink()
    assert daemon.request('POST', '/oauth/revoke', form={'token': token}).status == 200
    assert not daemon.is_active(token)


# ---- what callers choose

@pytest.mark.root
def test_callers_choose_no_token_and_no_endless_life(daemon):
    ada = daemon.add_user('ada')
    chosen = {'user': 'ada', 'id': '0' * 32, 'access_token': 'c' * 64, 'userId': 'root', 'created': 1,
              'expires': 2 ** 40}
    reply = daemon.request('POST', '/v1/tokens', body=chosen)
    assert reply.status in (201, 400)
    if reply.status == 201:
        issued = reply.json()
        assert issued['access_token'] != 'c' * 64 and issued['id'] != '0' * 32
        assert daemon.introspect(issued['access_token'])['sub'] == ada['id']
        assert issued['expires_in'] <= YEAR
    assert not daemon.is_active('c' * 64)
    for ttl in (-1, 0, 2 ** 63, 1.5, 'text', '60', True, [60], -2 ** 63, 1e300):
        reply = daemon.request('POST', '/v1/tokens', body={'user': 'ada', 'ttl': ttl})
        assert reply.status == 400, (ttl, reply)
    for ttl in (10 ** 12, 2 ** 53, (2 ** 63 - 1) // 10 ** 6):
        reply = daemon.request('POST', '/v1/tokens', body={'user': 'ada', 'ttl': ttl})
        assert reply.status == 400 or reply.json()['expires_in'] <= YEAR, (ttl, reply)
    for ttl in ('-1', '0', '9223372036854775808', '1.5', 'text', '1e3', ' 60', '0x10'):
        reply = daemon.request('POST', '/v1/self/token', form={'ttl': ttl}, uid=ada['uid'])
        assert reply.status == 400, (ttl, reply)
    reply = daemon.request('POST', '/v1/self/token', form={'ttl': '86400'}, uid=ada['uid'])
    assert reply.status == 400 or reply.json()['expires_in'] <= 3600


@pytest.mark.root
@pytest.mark.parametrize('change', ['password', 'lock', 'removal', 'again'])
def test_a_changed_user_has_no_tokens(daemon, change):
    """Threats 25 and 40."""
    ada = daemon.add_user('ada')
    pair, single = daemon.grant('ada').json(), daemon.ctl_json('token', 'issue', '--user=ada')
    tokens = [pair['access_token'], single['access_token']]
    assert all(daemon.is_active(token) for token in tokens)
    if change == 'password':
        daemon.ctl('user', 'passwd', 'ada', '--password-file=-', input='another one')
    elif change == 'lock':
        daemon.ctl('user', 'lock', 'ada')
    else:
        daemon.ctl('user', 'remove', 'ada')
    if change == 'again':
        daemon.add_user('ada', uid=ada['uid'], id=ada['id'])
    assert not any(daemon.is_active(token) for token in [*tokens, pair['refresh_token']])
    assert refresh(daemon, pair['refresh_token']).status == 400
    for token in tokens:
        reply = daemon.request('GET', '/v1/tokens', headers={'Authorization': f'Bearer {token}'}, tcp=True)
        assert reply.status == 401
    if change == 'lock':
        daemon.ctl('user', 'unlock', 'ada')
        assert not any(daemon.is_active(token) for token in tokens)


@pytest.mark.root
def test_no_client_passes_for_a_user(daemon):
    """Threat 24."""
    ada = daemon.add_user('ada')
    for name in ('ada', ada['id']):
        assert daemon.ctl('client', 'add', name, check=False).returncode == 1
    daemon.ctl('client', 'add', 'app')
    for arguments in (['app'], ['bob', '--id=app']):
        done = daemon.ctl('user', 'add', *arguments, '--password-file=-', input='x', check=False)
        assert done.returncode == 1 and 'taken' in done.stderr
    secret = daemon.ctl_json('client', 'add', 'root', '--grants=client_credentials')['client_secret']
    reply = daemon.request('POST', '/oauth/token', tcp=True, form={
        'grant_type': 'client_credentials', 'client_id': 'root', 'client_secret': secret})
    about = daemon.introspect(reply.json()['access_token'])
    assert about['active'] and about['client_id'] == 'root'
    assert 'username' not in about and 'uid' not in about
    reply = daemon.request('GET', '/v1/users', tcp=True,
                           headers={'Authorization': f'Bearer {reply.json()["access_token"]}'})
    assert reply.status == 403


# ---- what floods

@pytest.mark.root
def test_descriptors_in_a_message_are_not_kept(make_tokend):
    """Threat 31: 253 descriptors at once, the most that the kernel passes."""
    daemon = make_tokend().start()
    folder = f'/proc/{daemon.process.pid}/fd'
    daemon.request('GET', '/healthz')
    before = len(os.listdir(folder))
    for _ in range(8):
        with socket.socket(socket.AF_UNIX) as s, open(os.devnull) as null:
            s.connect(str(daemon.socket))
            socket.send_fds(s, [b'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'], [null.fileno()] * 253)
            assert s.recv(4096).startswith(b'HTTP/1.1 200')
            assert len(os.listdir(folder)) <= before + 1
    system.wait_for(lambda: len(os.listdir(folder)) <= before, 'the connections are closed')


@pytest.mark.root
@pytest.mark.parametrize('framing', [b'Content-Length: 4294967296', b'Transfer-Encoding: chunked'])
def test_an_endless_body_is_cut(make_tokend, framing):
    """Threat 31: who sends 4 GiB is stopped behind the limit, and nothing of it is kept."""
    daemon = make_tokend().start()
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(daemon.socket))
        s.settimeout(system.PATIENCE)
        sent = 0
        s.sendall(b'POST /oauth/token HTTP/1.1\r\nHost: localhost\r\n'
                  b'Content-Type: application/x-www-form-urlencoded\r\n' + framing + b'\r\n\r\n')
        with contextlib.suppress(OSError):
            while sent < 1 << 26:
                sent += s.send(b'10000\r\n' + b'x' * 65536 + b'\r\n')
        assert sent < 1 << 26
        with contextlib.suppress(OSError):
            assert s.recv(4096).startswith(b'HTTP/1.1 413')
    assert daemon.request('GET', '/healthz').status == 200
