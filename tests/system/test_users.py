"""Users who come with a hash, with SSH keys, with a day to end on: through HTTP and a real store."""

import contextlib
import os
import sqlite3
import subprocess
import time

import pytest

import tokend as system

pytestmark = [pytest.mark.root, pytest.mark.sanitize]

PASSWORD = 'correct horse'
NOBODY = 65534
KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFUyYOVg1AO1QmZm0sUO+nuwT04pXCPqrprQKOSO37lW'


def hash_of(password, setting):
    done = subprocess.run(['perl', '-e', 'print crypt($ENV{PASSWORD}, $ENV{SETTING})'], capture_output=True, text=True,
                          check=True, env={**os.environ, 'PASSWORD': password, 'SETTING': setting})
    return done.stdout


def stored_hash(daemon, name):
    with contextlib.closing(sqlite3.connect(f'file:{daemon.database}?mode=ro', uri=True)) as db:
        return db.execute('SELECT hash FROM users WHERE name = ?', (name,)).fetchone()[0]


def add(daemon, name, **members):
    reply = daemon.request('POST', '/v1/users', body={'name': name, **members})
    assert reply.status == 201, reply
    return reply.json()


def change(daemon, user, **members):
    reply = daemon.request('PATCH', f'/v1/users/{user["id"]}', body=members)
    assert reply.status == 200, reply
    return reply.json()


WEAK = ['$1$saltsalt', '$5$rounds=1000$saltsalt', '$6$saltsalt', '_J9..salt', 'sa']


@pytest.mark.parametrize('setting', WEAK)
def test_a_weak_hash_is_renewed(make_tokend, setting):
    """Behind the login: it has its answer, its tokens live on, and the next one finds the new hash."""
    daemon = make_tokend({'Password': {'Hash': 'yescrypt', 'Rounds': '1'}}).start()
    password = PASSWORD if setting != 'sa' else PASSWORD[:8]
    add(daemon, 'ada', hash=hash_of(password, setting))
    before = stored_hash(daemon, 'ada')
    assert daemon.grant('ada', 'wrong').status == 400
    first = daemon.grant('ada', password)
    assert first.status == 200
    system.wait_for(lambda: stored_hash(daemon, 'ada') != before, 'a new hash')
    renewed = stored_hash(daemon, 'ada')
    assert renewed.startswith('$y$')
    assert daemon.is_active(first.json()['access_token'])
    assert daemon.grant('ada', password).status == 200
    assert daemon.grant('ada', 'wrong').status == 400
    assert daemon.grant('ada', password + 'x').status == 400
    assert stored_hash(daemon, 'ada') == renewed


def test_a_strong_hash_stays(make_tokend):
    daemon = make_tokend({'Password': {'Hash': 'sha512crypt', 'Rounds': '1000'}}).start()
    add(daemon, 'ada', hash=hash_of(PASSWORD, '$2b$04$abcdefghijklmnopqrstuu'))
    add(daemon, 'bob', hash=hash_of(PASSWORD, '$6$rounds=1001$saltsalt'))
    add(daemon, 'eve', hash=hash_of(PASSWORD, '$1$saltsalt'))
    before = {name: stored_hash(daemon, name) for name in ('ada', 'bob', 'eve')}
    for name in before:
        assert daemon.grant(name, PASSWORD).status == 200
    # one behind the other: the last one's new hash stands when the others would have theirs
    system.wait_for(lambda: stored_hash(daemon, 'eve') != before['eve'], 'a new hash')
    assert {name: stored_hash(daemon, name) for name in ('ada', 'bob')} == {
        name: before[name] for name in ('ada', 'bob')}


def test_the_end_in_between(make_tokend):
    """Killed or stopped right behind the answer: the password is right all the same."""
    daemon = make_tokend({'Password': {'Hash': 'yescrypt', 'Rounds': '4'}}).start()
    add(daemon, 'ada', hash=hash_of(PASSWORD, '$6$saltsalt'))
    for number, end in enumerate([daemon.kill, daemon.stop] * 3):
        assert daemon.grant('ada', PASSWORD).status == 200
        time.sleep(0.004 * number)
        end()
        daemon.start()
    assert daemon.grant('ada', PASSWORD).status == 200
    system.wait_for(lambda: stored_hash(daemon, 'ada').startswith('$y$'), 'a new hash')
    assert daemon.grant('ada', PASSWORD).status == 200


def test_what_no_hash_is(daemon):
    for hash in ['', 'geheim', '$6$saltsalt$cut', '{SSHA}x', '$2b$31$' + 53 * 'a']:
        reply = daemon.request('POST', '/v1/users', body={'name': 'ada', 'hash': hash})
        assert (reply.status, reply.json()['reason']) == (400, 'invalid-value'), hash
        assert hash == '' or hash not in reply.body + daemon.output()
    reply = daemon.request('POST', '/v1/users', body={'name': 'ada', 'hash': '!', 'password': 'x'})
    assert (reply.status, reply.json()['reason']) == (400, 'invalid-request')
    add(daemon, 'ada', hash='!' + hash_of(PASSWORD, '$6$saltsalt'))
    assert daemon.grant('ada', PASSWORD).status == 400


def keys(daemon, name, uid=NOBODY):
    reply = daemon.request('GET', f'/v1/logins/keys?user={name}', uid=uid)
    assert reply.status == 200, reply
    assert list(reply.json()) == ['username', 'keys']
    return reply.json()['keys']


def test_keys_for_sshd(daemon):
    """sshd asks as nobody; who may not log in has none."""
    ada = add(daemon, 'ada', ssh_keys=[KEY + ' laptop', KEY + ' desk'])
    assert ada['ssh_keys'] == keys(daemon, 'ada') == [KEY + ' laptop', KEY + ' desk']
    assert change(daemon, ada, ssh_keys=[KEY])['ssh_keys'] == [KEY]
    assert keys(daemon, 'ada') == [KEY]
    change(daemon, ada, state='locked')
    assert keys(daemon, 'ada') == []
    change(daemon, ada, state='active', expires=int(time.time()) - 1)
    assert keys(daemon, 'ada') == []
    change(daemon, ada, expires=0)
    assert keys(daemon, 'ada') == [KEY]
    assert 'ssh_keys' not in change(daemon, ada, ssh_keys=[])
    assert keys(daemon, 'ada') == []
    for name in ('bob', 'a%2Fb', '-x'):
        assert daemon.request('GET', f'/v1/logins/keys?user={name}', uid=NOBODY).status == 404
    assert daemon.request('GET', '/v1/logins/keys?user=ada', tcp=True).status == 401


BAD_KEYS = [f'command="id" {KEY}', f'{KEY}\n{KEY}', f'{KEY[:60]}', f' {KEY}', f'{KEY} \u0007', f'{KEY}\r',
            'ssh-dss AAAAB3NzaC1kc3M=', f'# {KEY}', f'{KEY} ' + 8192 * 'x']


@pytest.mark.parametrize('key', BAD_KEYS)
def test_what_no_key_is(daemon, key):
    ada = add(daemon, 'ada')
    for method, path, body in (('PATCH', f'/v1/users/{ada["id"]}', {}), ('POST', '/v1/users', {'name': 'eve'})):
        reply = daemon.request(method, path, body={**body, 'ssh_keys': [KEY, key]})
        assert (reply.status, reply.json()['reason']) == (400, 'invalid-value')
    assert keys(daemon, 'ada') == []
    reply = daemon.request('PATCH', f'/v1/users/{ada["id"]}',
                           body={'ssh_keys': [f'{KEY} {number}' for number in range(33)]})
    assert (reply.status, reply.json()['reason']) == (413, 'limit-exceeded')


def test_the_last_day(daemon):
    """Tokens end with the account, then nothing is given; a later day lets the user in again."""
    end = int(time.time()) + 3
    ada = add(daemon, 'ada', password=PASSWORD, expires=end, ssh_keys=[KEY])
    assert ada['expires'] == end
    pair = daemon.grant('ada', PASSWORD).json()
    login = daemon.grant('ada', PASSWORD, form={'service': 'sshd'}).json()
    assert 0 <= pair['expires_in'] <= 3 and daemon.introspect(pair['access_token'])['exp'] <= end
    assert daemon.request('POST', '/v1/logins', form={'user': 'ada', 'login': login['login']}).status == 200
    check = daemon.request('GET', '/v1/logins/check?user=ada').json()
    assert (check['id'], check['state']) == (ada['id'], 'active')
    system.wait_for(lambda: time.time() > end, 'the end')
    for token in (pair['access_token'], pair['refresh_token'], login['access_token']):
        assert not daemon.is_active(token)
    refused = [
        daemon.request('GET', '/v1/logins/check?user=ada'),
        daemon.request('POST', '/v1/logins', form={'user': 'ada'}),
        daemon.request('POST', f'/v1/logins/{login["login"]}/token', form={'user': 'ada'}),
        daemon.request('POST', '/v1/self/token', form={}, uid=ada['uid']),
        daemon.request('POST', '/v1/tokens', body={'user': 'ada'}),
        daemon.grant('ada', PASSWORD),
        daemon.grant('ada', PASSWORD, form={'service': 'sshd'}),
        daemon.request('POST', f'/v1/users/{ada["id"]}/password', uid=ada['uid'],
                       body={'old_password': PASSWORD, 'password': 'another'}),
    ]
    assert [reply.json()['reason'] for reply in refused] == ['user-expired'] * len(refused)
    assert daemon.grant('ada', 'wrong').json()['reason'] == 'wrong-password'
    refresh = dict(grant_type='refresh_token', refresh_token=pair['refresh_token'])
    assert daemon.request('POST', '/oauth/token', form=refresh).json()['error'] == 'invalid_grant'
    assert keys(daemon, 'ada') == []

    change(daemon, ada, expires=end + 3600)
    assert daemon.grant('ada', PASSWORD).status == 200
    assert not daemon.is_active(pair['access_token'])


def test_an_earlier_day_revokes(daemon):
    ada = add(daemon, 'ada', password=PASSWORD)
    now = int(time.time())
    for expires, kills in ((0, False), (now + 9000, True), (now + 9900, False), (now + 8000, True), (0, False)):
        token = daemon.grant('ada', PASSWORD).json()['access_token']
        changed = change(daemon, ada, expires=expires)
        assert changed.get('expires', 0) == expires
        assert (changed['revoked'] > 0) == kills
        assert daemon.is_active(token) == (not kills)
