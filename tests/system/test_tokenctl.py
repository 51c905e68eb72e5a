"""tokenctl in front of the real daemon: what is fixed for scripts, and what people see."""

import json
import os
import pathlib
import re
import signal
import subprocess

import pexpect
import pytest

import tokend as system

pytestmark = [pytest.mark.root, pytest.mark.sanitize]

HEX = r'[0-9a-f]'
UUID = rf'{HEX}{{8}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{12}}'


@pytest.fixture
def daemon(make_tokend):
    return make_tokend({'Password': {'Throttle': 'no'}}).start()


@pytest.fixture
def ada(daemon):
    return daemon.add_user('ada')


def file_of(folder, text, name='secret'):
    path = pathlib.Path(folder, name)
    path.write_text(text)
    path.chmod(0o600)
    return path


def fails(done, code, *words):
    assert done.returncode == code, done
    assert done.stdout == '' and done.stderr.startswith('tokenctl: '), done
    for word in words:
        assert word in done.stderr, done.stderr


def by_url(daemon, *arguments, input=None):
    return subprocess.run([str(system.TOKENCTL), f'--url=http://127.0.0.1:{daemon.port}', *map(str, arguments)],
                          input=input, stdin=None if input is not None else subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=system.PATIENCE)


# ---- the fixed forms, word for word

def test_user_add_with_everything(daemon, ada):
    user = daemon.ctl_json('user', 'add', 'bob', '--id=the-id-of-bob', '--uid=71234', '--email=Bob@example.org',
                           '--role=clerk', '--partner-id=p-17', '--parent=ada', '--scopes=read,write',
                           '--groups=users,games', '--shell=/bin/sh', '--home=/srv/bob', '--password-file=-',
                           input='password of bob\n')
    created = user.pop('created')
    assert isinstance(created, int)
    assert user == {'id': 'the-id-of-bob', 'name': 'bob', 'uid': 71234, 'gid': 71234, 'email': user['email'],
                    'partner_id': 'p-17', 'role': 'clerk', 'parent': ada['id'], 'scopes': ['read', 'write'],
                    'groups': ['users', 'games'], 'home': '/srv/bob', 'shell': '/bin/sh', 'state': 'active',
                    'adopted': False}
    assert user['email'].lower() == 'bob@example.org'
    assert daemon.grant('bob', 'password of bob').status == 200, 'one newline at the end is not the password'
    assert daemon.ctl_json('user', 'show', 'bob') == {**user, 'created': created}


def test_user_add_with_nothing(daemon):
    user = daemon.ctl_json('user', 'add', 'ada', '--password-file=-', input='x')
    assert re.fullmatch(UUID, user['id']) and user['partner_id'] == user['id']
    assert (user['uid'], user['home'], user['shell'], user['state']) == (70000, '/home/ada', '/bin/bash', 'active')
    assert not {'email', 'role', 'parent'} & set(user)


def test_password_from_a_file(daemon, folder):
    path = file_of(folder, ' a b \n')
    daemon.ctl('user', 'add', 'ada', f'--password-file={path}')
    assert daemon.grant('ada', ' a b ').status == 200
    fails(daemon.ctl('user', 'add', 'bob', f'--password-file={folder}/missing', check=False), 1, f'{folder}/missing',
          'No such file')
    fails(daemon.ctl('user', 'add', 'bob', f'--password-file={file_of(folder, "")}', check=False), 1, 'nothing in it')
    fails(daemon.ctl('user', 'add', 'bob', '--password-file=-', input='a\0b', check=False), 1, 'NUL')


def test_client_add(daemon, folder):
    client = daemon.ctl_json('client', 'add', 'app', '--grants=password,refresh_token,client_credentials',
                             '--scopes=read')
    assert re.fullmatch(rf'{HEX}{{64}}', client['client_secret'])
    assert (client['client_id'], client['grants'], client['scopes']) == (
        'app', ['password', 'refresh_token', 'client_credentials'], ['read'])
    assert 'client_secret' not in daemon.ctl_json('client', 'show', 'app')
    own = daemon.ctl_json('client', 'add', 'other', f'--secret-file={file_of(folder, "chosen")}', '--issue-for=clerk',
                          '--introspect=own', '--access-lifetime=60', '--refresh-lifetime=120')
    assert 'client_secret' not in own
    assert (own['issue_for'], own['introspect'], own['access_lifetime'], own['refresh_lifetime']) == (
        ['clerk'], 'own', 60, 120)
    plain = daemon.ctl('client', 'add', 'third').stdout
    assert re.fullmatch(rf'third added\.\n.*\n{HEX}{{64}}\n', plain)


def test_token_issue(daemon, ada):
    token = daemon.ctl_json('token', 'issue', '--user=ada', '--scopes=read,write', '--ttl=600')
    assert set(token) == {'access_token', 'token_type', 'expires_in', 'scope', 'id'}
    assert (token['token_type'], token['expires_in'], token['scope']) == ('Bearer', 600, 'read write')
    assert re.fullmatch(rf'{HEX}{{64}}', token['access_token'])
    about = daemon.introspect(token['access_token'])
    assert (about['sub'], about['username'], about['jti']) == (ada['id'], 'ada', token['id'])
    id = subprocess.run(f'printf %s {token["access_token"]} | sha256sum | cut -c1-32', shell=True, check=True,
                        capture_output=True, text=True).stdout.strip()
    assert token['id'] == id
    plain = daemon.ctl('token', 'issue', '--user=ada')
    assert re.fullmatch(rf'{HEX}{{64}}\n', plain.stdout), 'only the token, for TOKEN=$(…)'
    daemon.ctl('client', 'add', 'app')
    token = daemon.ctl_json('token', 'issue', '--client=app')
    about = daemon.introspect(token['access_token'])
    assert about['client_id'] == 'app' and 'username' not in about


# ---- every other verb

def test_user_list_and_show(daemon, ada):
    daemon.add_user('bob', role='clerk')
    assert [user['name'] for user in daemon.ctl_json('user', 'list')['users']] == ['ada', 'bob']
    table = daemon.ctl('user', 'list').stdout.splitlines()
    assert table[0].split()[:3] == ['NAME', 'UID', 'STATE'] and len(table) == 3
    shown = daemon.ctl('user', 'show', 'ada').stdout
    assert re.search(rf'^ *id +{ada["id"]}$', shown, re.M) and re.search(r'^ *uid +70000$', shown, re.M)
    fails(daemon.ctl('user', 'show', 'carol', check=False), 1, 'carol: no such user (user-unknown)')


def test_empty_lists(daemon):
    for noun in ('user', 'token'):
        done = daemon.ctl(noun, 'list')
        assert done.stdout == '' and f'No {noun}s.' in done.stderr
        assert daemon.ctl_json(noun, 'list') == {f'{noun}s': []}
    assert clients(daemon) == ['local'], 'the built-in client of the socket'


def clients(daemon):
    return [client['client_id'] for client in daemon.ctl_json('client', 'list')['clients']]


def test_remove_says_how_many_tokens_died(daemon, ada):
    tokens = [daemon.ctl_json('token', 'issue', '--user=ada')['access_token'] for _ in range(3)]
    assert daemon.ctl('user', 'remove', 'ada').stdout == 'ada removed, 3 tokens revoked.\n'
    assert not any(daemon.is_active(token) for token in tokens)
    daemon.add_user('bob')
    daemon.ctl('token', 'issue', '--user=bob')
    removed = daemon.ctl_json('user', 'remove', 'bob')
    assert (removed['name'], removed['revoked']) == ('bob', 1)
    fails(daemon.ctl('user', 'remove', 'bob', check=False), 1, 'bob: no such user (user-unknown)')
    daemon.ctl('client', 'add', 'app')
    daemon.ctl('token', 'issue', '--client=app')
    assert daemon.ctl('client', 'remove', 'app').stdout == 'app removed, 1 token revoked.\n'
    fails(daemon.ctl('client', 'show', 'app', check=False), 1, 'app: no such client (client-unknown)')


def test_lock_and_unlock(daemon, ada):
    daemon.ctl('token', 'issue', '--user=ada')
    assert daemon.ctl('user', 'lock', 'ada').stdout == 'ada locked, 1 token revoked.\n'
    assert daemon.ctl_json('user', 'show', 'ada')['state'] == 'locked'
    fails(daemon.ctl('login', 'ada', '--password-file=-', input='correct horse', check=False), 1, 'ada: ')
    daemon.ctl('user', 'unlock', 'ada')
    assert daemon.ctl_json('user', 'show', 'ada')['state'] == 'active'
    assert daemon.grant('ada').status == 200


def test_passwd(daemon, ada):
    token = daemon.grant('ada').json()['access_token']
    assert 'has a new password' in daemon.ctl('user', 'passwd', 'ada', '--password-file=-', input='another').stdout
    assert not daemon.is_active(token)
    assert daemon.grant('ada').status == 400 and daemon.grant('ada', 'another').status == 200


def test_ones_own_password_takes_the_old_one(daemon, ada, folder):
    old, wrong = file_of(folder, 'correct horse', 'old'), file_of(folder, 'wrong', 'wrong')
    for path in (old, wrong):
        os.chown(path, ada['uid'], ada['uid'])
    fails(daemon.ctl('user', 'passwd', 'ada', f'--old-password-file={wrong}', '--password-file=-', input='new',
                     uid=ada['uid'], check=False), 1, 'ada: ', '(wrong-password)')
    daemon.ctl('user', 'passwd', 'ada', f'--old-password-file={old}', '--password-file=-', input='new',
               uid=ada['uid'])
    assert daemon.grant('ada', 'new').status == 200


def test_login(daemon, ada):
    login = daemon.ctl_json('login', 'ada', '--password-file=-', '--scopes=read', input='correct horse')
    assert daemon.is_active(login['access_token']) and login['scope'] == 'read'
    shown = daemon.ctl('login', 'ada', '--password-file=-', input='correct horse').stdout
    assert shown.startswith('The password is right.\n')
    fails(daemon.ctl('login', 'ada', '--password-file=-', input='wrong', check=False), 1, 'ada: ', '(wrong-password)')


def test_status(daemon, ada):
    daemon.ctl('token', 'issue', '--user=ada')
    status = daemon.ctl_json('status')
    assert (status['status'], status['store'], status['tokens'], status['logins']) == ('ok', 'ok', 1, 0)
    assert 'tokens' not in json.loads(daemon.ctl('--json', 'status', uid=ada['uid']).stdout)


# ---- tokens: list, show, revoke

def test_token_list_and_show(daemon, ada):
    daemon.add_user('bob')
    mine = daemon.ctl_json('token', 'issue', '--user=ada', '--scopes=read')
    others = daemon.ctl_json('token', 'issue', '--user=bob')
    assert {token['id'] for token in daemon.ctl_json('token', 'list')['tokens']} == {mine['id'], others['id']}
    (token,) = daemon.ctl_json('token', 'list', '--user=ada')['tokens']
    assert (token['id'], token['kind'], token['user'], token['user_id'], token['uid'], token['client_id'],
            token['scopes']) == (mine['id'], 'access', 'ada', ada['id'], ada['uid'], 'local', ['read'])
    assert daemon.ctl_json('token', 'show', mine['id']) == token
    assert mine['access_token'] not in daemon.ctl('token', 'list').stdout + daemon.ctl('token', 'show', mine['id']).stdout
    assert daemon.ctl_json('token', 'list', '--client=local', uid=ada['uid'])['tokens'] == [token]
    assert daemon.ctl_json('token', 'list', uid=ada['uid'])['tokens'] == [token]
    fails(daemon.ctl('token', 'show', '0' * 32, check=False), 1, '0' * 32 + ': no such token (token-unknown)')
    absent = daemon.ctl('token', 'show', '0' * 32, uid=ada['uid'], check=False).stderr
    hidden = daemon.ctl('token', 'show', others['id'], uid=ada['uid'], check=False).stderr
    assert hidden == absent.replace('0' * 32, others['id'])


def issue(daemon, *flags):
    return daemon.ctl_json('token', 'issue', *(flags or ['--user=ada']))


def test_revoke_by_id(daemon, ada):
    tokens = [issue(daemon) for _ in range(4)]
    ids = [token['id'] for token in tokens]
    assert daemon.ctl('token', 'revoke', ids[0]).stdout == '1 token revoked.\n'
    assert daemon.ctl_json('token', 'revoke', ids[1], ids[2]) == {'revoked': 2}
    assert [daemon.is_active(token['access_token']) for token in tokens] == [False, False, False, True]
    done = daemon.ctl('token', 'revoke', ids[0], ids[3], check=False)
    assert done.returncode == 1 and f'{ids[0]}: no such token' in done.stderr
    assert done.stdout == '1 token revoked.\n' and not daemon.is_active(tokens[3]['access_token'])


def test_revoke_by_owner(daemon, ada):
    daemon.add_user('bob')
    daemon.ctl('client', 'add', 'app')
    ours, others, apps = issue(daemon), issue(daemon, '--user=bob'), issue(daemon, '--client=app')
    assert daemon.ctl('token', 'revoke', '--user=ada').stdout == '1 token revoked.\n'
    assert daemon.ctl('token', 'revoke', '--client=app').stdout == '1 token revoked.\n'
    assert [daemon.is_active(t['access_token']) for t in (ours, others, apps)] == [False, True, False]
    issue(daemon)
    assert daemon.ctl_json('token', 'revoke', '--all') == {'revoked': 2}
    assert not daemon.is_active(others['access_token'])
    assert daemon.ctl_json('token', 'list')['tokens'] == []
    fails(daemon.ctl('token', 'revoke', '--user=carol', check=False), 1, 'carol: no such user (user-unknown)')


def test_revoke_takes_one_way(daemon, ada):
    token = issue(daemon)
    for arguments in ([], [token['id'], '--all'], ['--user=ada', '--all'], ['--user=ada', '--client=local'],
                      ['no-id'], [token['access_token']], [token['id'], token['access_token']]):
        fails(daemon.ctl('token', 'revoke', *arguments, check=False), 2)
    done = daemon.ctl('token', 'revoke', token['access_token'], check=False)
    assert token['access_token'] not in done.stderr
    assert daemon.is_active(token['access_token'])


# ---- other uids

def test_a_token_for_oneself(daemon, ada):
    token = daemon.ctl_json('token', uid=ada['uid'])
    assert token['username'] == 'ada' and token['expires_in'] <= 3600
    assert 'refresh_token' not in token
    plain = daemon.ctl('token', '--scopes=read', '--ttl=60', uid=ada['uid']).stdout
    assert re.fullmatch(rf'{HEX}{{64}}\n', plain)
    assert daemon.introspect(plain.strip())['scope'] == 'read'
    for scope in ('admin', 'issue', 'login'):
        fails(daemon.ctl('token', f'--scopes={scope}', uid=ada['uid'], check=False), 1, '(invalid-scope)')
    fails(daemon.ctl('token', uid=65534, check=False), 1, 'uid 65534: no such user (user-unknown)')


DENIED = [
    ['user', 'list'], ['user', 'show', 'bob'], ['user', 'remove', 'bob'], ['user', 'lock', 'bob'],
    ['user', 'unlock', 'bob'], ['user', 'add', 'eve', '--password-file=-'],
    ['user', 'passwd', 'bob', '--password-file=-'],
    ['client', 'list'], ['client', 'show', 'app'], ['client', 'add', 'eve'], ['client', 'remove', 'app'],
    ['token', 'list', '--user=bob'], ['token', 'revoke', '--user=bob'], ['token', 'revoke', '--client=app'],
    ['token', 'revoke', '--all'], ['token', 'issue', '--user=bob'], ['token', 'issue', '--user=ada'],
    ['token', 'issue', '--client=app'], ['login', 'bob', '--password-file=-'],
]


def test_what_others_may_not_do(daemon, ada, folder):
    daemon.add_user('bob')
    daemon.ctl('client', 'add', 'app')
    alive = issue(daemon, '--user=bob')
    old = file_of(folder, 'correct horse')
    os.chown(old, ada['uid'], ada['uid'])
    for arguments in DENIED:
        if 'passwd' in arguments:
            arguments = [*arguments, f'--old-password-file={old}']
        fails(daemon.ctl(*arguments, uid=ada['uid'], input='correct horse', check=False), 1)
    fails(daemon.ctl('token', 'revoke', alive['id'], uid=ada['uid'], check=False) , 1, 'token-unknown')
    done = daemon.ctl('user', 'lock', 'bob', uid=ada['uid'], check=False)
    assert 'access-denied' in done.stderr and 'root' in done.stderr, 'it says what it takes'
    assert daemon.is_active(alive['access_token'])
    assert daemon.grant('bob').status == 200
    assert [user['name'] for user in daemon.ctl_json('user', 'list')['users']] == ['ada', 'bob']
    assert clients(daemon) == ['app', 'local']


def test_what_others_may_do(daemon, ada):
    token = issue(daemon)
    assert daemon.ctl('token', 'revoke', token['id'], uid=ada['uid']).stdout == '1 token revoked.\n'
    issue(daemon)
    assert daemon.ctl('token', 'revoke', '--user=ada', uid=ada['uid']).stdout == '1 token revoked.\n'
    assert daemon.ctl_json('user', 'show', 'ada', uid=ada['uid'])['id'] == ada['id']
    login = daemon.ctl_json('login', 'ada', '--password-file=-', input='correct horse', uid=ada['uid'])
    assert daemon.is_active(login['access_token'])


# ---- where and as whom

def test_the_socket_by_name(daemon, ada, folder):
    def status(*arguments, **env):
        return subprocess.run([system.TOKENCTL, *arguments, '--json', 'status'], env={**os.environ, **env},
                              capture_output=True, text=True, timeout=system.PATIENCE)

    assert status(TOKEND_SOCKET=str(daemon.socket)).returncode == 0
    assert status(f'--socket={daemon.socket}', TOKEND_SOCKET=f'{folder}/missing').returncode == 0
    fails(status(TOKEND_SOCKET=f'{folder}/missing'), 3, f'{folder}/missing', 'daemon-unreachable', 'is it running')
    fails(status(f'--socket={folder}/missing', TOKEND_SOCKET=str(daemon.socket)), 3, f'{folder}/missing')
    fails(status(), 3, '/run/tokend/tokend.sock')
    fails(status('--socket=relative'), 2)
    fails(status('--url=ftp://127.0.0.1/'), 2)
    fails(status('--url=http://127.0.0.1:1', f'--socket={daemon.socket}'), 2, 'exclude')


def test_unreachable(daemon):
    daemon.kill()
    fails(daemon.ctl('status', check=False), 3, str(daemon.socket), '(daemon-unreachable)')
    fails(daemon.ctl('token', 'revoke', '0' * 32, check=False), 3)
    daemon.start()
    port = system.free_port()
    fails(subprocess.run([system.TOKENCTL, f'--url=http://127.0.0.1:{port}', 'status'], capture_output=True, text=True),
          3, f'127.0.0.1:{port}', '(daemon-unreachable)')


def test_by_url_as_a_client(daemon, ada, folder):
    secret = daemon.ctl_json('client', 'add', 'app', '--grants=password')['client_secret']
    proof = ['--client=app', f'--client-secret-file={file_of(folder, secret)}']
    done = by_url(daemon, '--json', *proof, 'login', 'ada', '--password-file=-', input='correct horse')
    assert done.returncode == 0, done
    token = json.loads(done.stdout)
    assert daemon.is_active(token['access_token']) and 'uid' not in token
    fails(by_url(daemon, *proof, 'user', 'list'), 1, 'access-denied')
    fails(by_url(daemon, '--client=app', f'--client-secret-file={file_of(folder, "wrong")}', 'user', 'list'), 1,
          'invalid-client')
    fails(by_url(daemon, 'user', 'list'), 1)
    fails(by_url(daemon, '--client=app', 'user', 'list'), 2, '--client-secret-file')
    assert by_url(daemon, 'status').returncode == 0


def test_by_url_as_an_administrator(daemon, ada, folder):
    daemon.add_user('boss', scopes='admin')
    admin = file_of(folder, issue(daemon, '--user=boss', '--scopes=admin')['access_token'] + '\n', 'admin')
    mine = file_of(folder, issue(daemon)['access_token'], 'mine')
    done = by_url(daemon, f'--token-file={admin}', '--json', 'user', 'add', 'bob', '--password-file=-', input='x')
    assert done.returncode == 0 and json.loads(done.stdout)['name'] == 'bob', done
    assert len(json.loads(by_url(daemon, f'--token-file={admin}', '--json', 'token', 'list').stdout)['tokens']) == 2
    assert by_url(daemon, f'--token-file={admin}', 'user', 'remove', 'bob').stdout == 'bob removed, 0 tokens revoked.\n'
    listed = json.loads(by_url(daemon, f'--token-file={mine}', '--json', 'token', 'list').stdout)['tokens']
    assert [token['user'] for token in listed] == ['ada']
    fails(by_url(daemon, f'--token-file={mine}', 'user', 'list'), 1, 'access-denied', 'scope admin')
    fails(by_url(daemon, f'--token-file={file_of(folder, "0" * 64)}', 'user', 'list'), 1, 'invalid-token')
    fails(by_url(daemon, f'--token-file={admin}', '--client=app', f'--client-secret-file={mine}', 'status'), 2,
          'exclude')
    on_socket = daemon.ctl('user', 'list', f'--token-file={mine}', check=False)
    fails(on_socket, 1, 'access-denied')


# ---- the command line

@pytest.mark.parametrize('arguments', [
    [], ['frobnicate'], ['user'], ['user', 'frobnicate'], ['user', 'add'], ['user', 'add', 'a', 'b'], ['user', 'show', ''],
    ['user', 'list', 'x'], ['--frobnicate', 'status'], ['user', 'list', '--ttl=5'], ['--json=yes', 'status'],
    ['token', 'issue'], ['token', 'issue', '--user=a', '--client=b'],
    ['token', 'issue', '--user=a', '--ttl=soon'], ['token', 'issue', '--user=a', '--ttl=0'],
    ['token', 'issue', '--user=a', '--ttl=-5'], ['user', 'add', 'a', '--uid=x', '--password-file=/dev/null'],
    ['--socket'], ['user', 'add', 'a', '--password-fil=-'], ['token', 'show', 'x'],
    ['user', 'passwd', 'a', '--password-file=-', '--old-password-file=-'],
], ids=' '.join)
def test_misuse(daemon, arguments):
    done = subprocess.run([system.TOKENCTL, f'--socket={daemon.socket}', *arguments], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=system.PATIENCE, start_new_session=True)
    if '--password-file=/dev/null' in arguments:
        assert done.returncode in (1, 2) and done.stdout == ''
    else:
        fails(done, 2)


@pytest.mark.parametrize('arguments', [
    ['user', 'add', 'ada', '--password=hunter2'], ['user', 'passwd', 'ada', '--password', 'hunter2'],
    ['login', 'ada', '--password=hunter2'], ['client', 'add', 'app', '--secret=hunter2'],
    ['--client=app', '--client-secret=hunter2', 'status'], ['--token=hunter2', 'status'],
], ids=lambda arguments: ' '.join(a for a in arguments if 'hunter2' not in a))
def test_secrets_on_the_command_line(daemon, arguments):
    done = daemon.ctl(*arguments, check=False)
    fails(done, 2)
    assert 'hunter2' not in done.stderr
    assert daemon.ctl_json('user', 'list')['users'] == []


def test_help_and_version(folder):
    """Without a daemon."""
    done = subprocess.run([system.TOKENCTL, '--help'], capture_output=True, text=True)
    assert done.returncode == 0
    for words in ('user add', 'user list', 'client add', 'token revoke', 'token issue', 'login', 'status', '--socket',
                  '--url', '--json'):
        assert words in done.stdout, words
    done = subprocess.run([system.TOKENCTL, 'user', 'add', '--help'], capture_output=True, text=True)
    assert done.returncode == 0 and '--password-file' in done.stdout
    done = subprocess.run([system.TOKENCTL, '--version'], capture_output=True, text=True)
    assert re.fullmatch(r'tokenctl \d+\.\d+\.\d+\n', done.stdout)


def test_output_that_cannot_be_written(daemon, ada):
    with open('/dev/full', 'w') as full:
        done = subprocess.run([system.TOKENCTL, f'--socket={daemon.socket}', 'token', 'issue', '--user=ada'],
                              stdout=full, stderr=subprocess.PIPE, text=True, timeout=system.PATIENCE)
    assert done.returncode == 1 and 'standard output' in done.stderr


# ---- terminals

def terminal(daemon, *arguments):
    return pexpect.spawn(str(system.TOKENCTL), [f'--socket={daemon.socket}', *arguments], timeout=system.PATIENCE,
                         encoding='utf-8')


def answer(child, prompt, text):
    child.expect(prompt)
    assert child.waitnoecho(system.PATIENCE), 'what is typed would show'
    child.sendline(text)


def ended(child):
    """(what was shown, exit status)"""
    child.expect(pexpect.EOF)
    child.close()
    return child.before, child.exitstatus


def test_a_new_password_is_asked_for_twice(daemon):
    child = terminal(daemon, 'user', 'add', 'ada')
    answer(child, 'Password for ada: ', 'typed password')
    answer(child, 'once more: ', 'typed password')
    shown, status = ended(child)
    assert status == 0 and 'typed password' not in shown
    assert 'ada added: uid 70000, id ' in shown and 'tokenctl login ada' in shown and '/etc/pam.d/sshd' in shown
    assert daemon.grant('ada', 'typed password').status == 200


def test_two_different_passwords(daemon):
    child = terminal(daemon, 'user', 'add', 'ada')
    answer(child, 'Password for ada: ', 'one thing')
    answer(child, 'once more: ', 'another')
    shown, status = ended(child)
    assert status == 1 and 'not the same' in shown
    assert daemon.ctl_json('user', 'list')['users'] == []


def test_login_asks_once(daemon, ada):
    child = terminal(daemon, 'login', 'ada')
    answer(child, 'Password of ada: ', 'correct horse')
    shown, status = ended(child)
    assert status == 0 and 'The password is right.' in shown and 'correct horse' not in shown


def test_an_empty_password_and_none(daemon, ada):
    child = terminal(daemon, 'login', 'ada')
    answer(child, 'Password of ada: ', '')
    shown, status = ended(child)
    assert status == 1 and 'empty-password' in shown
    child = terminal(daemon, 'login', 'ada')
    child.expect('Password of ada: ')
    assert child.waitnoecho(system.PATIENCE)
    child.sendeof()
    assert ended(child)[1] == 1


def test_an_interrupted_prompt_leaves_the_echo_on(daemon, ada):
    command = f'{system.TOKENCTL} --socket={daemon.socket} login ada; cat'
    child = pexpect.spawn('/bin/sh', ['-c', f'trap : INT; {command}'], timeout=system.PATIENCE, encoding='utf-8',
                          preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    child.expect('Password of ada: ')
    assert child.waitnoecho(system.PATIENCE)
    child.sendintr()
    system.wait_for(child.getecho, 'the echo comes back')
    child.sendeof()
    ended(child)


def test_without_a_terminal(daemon):
    done = subprocess.run([system.TOKENCTL, f'--socket={daemon.socket}', 'user', 'add', 'ada'], capture_output=True,
                          text=True, stdin=subprocess.DEVNULL, start_new_session=True, timeout=system.PATIENCE)
    fails(done, 2, 'no terminal', '--password-file')


# ---- names and many of them

ODD = ['../etc/passwd', 'a/b', 'a?name=ada', 'a%2Fb', 'a&b=c', 'a b', 'ä', '-rf', 'a\nb', 'ada ', 'ADA', 'a' * 256,
       'ada;', "ada' OR 1=1 --", '%00', '.', '..', '*']


def test_odd_names_find_nobody(daemon, ada):
    for name in ODD:
        for noun, verb in (('user', 'show'), ('user', 'remove'), ('client', 'show'), ('client', 'remove')):
            done = daemon.ctl(noun, verb, '--', name, check=False)
            fails(done, 1)
            assert 'unknown' in done.stderr or 'invalid' in done.stderr, (noun, verb, name, done.stderr)
        fails(daemon.ctl('token', 'issue', f'--user={name}', check=False), 1)
    assert daemon.is_active(issue(daemon)['access_token'])
    assert len(daemon.ctl_json('user', 'list')['users']) == 1


def test_odd_names_are_refused(daemon):
    for name in ['../x', 'a/b', 'a:b', 'a b', 'a\nb', '-rf', 'a' * 256, '.', '..', '4294967295', 'a,b']:
        done = daemon.ctl('user', 'add', '--password-file=-', '--', name, input='x', check=False)
        fails(done, 1, '(invalid-name)')
    assert daemon.ctl_json('user', 'list')['users'] == []


def test_odd_client_ids_work_or_are_refused(daemon):
    for id in ['app.example.org', 'a%2Fb', 'a&b=c', 'https://example.org/app?x=1#y', 'a:b', "it's", 'a+b', '..']:
        done = daemon.ctl('--json', 'client', 'add', '--', id, check=False)
        if done.returncode == 0:
            assert daemon.ctl_json('client', 'show', '--', id)['client_id'] == id
            daemon.ctl('client', 'remove', '--', id)
        else:
            fails(done, 1, id, '(invalid-name)')
    assert clients(daemon) == ['local']


def test_taken_names(daemon, ada):
    daemon.ctl('user', 'add', 'bob', '--email=bob@example.org', '--partner-id=p', '--password-file=-', input='x')
    for arguments, reason in ((['ada'], 'name-taken'), (['c', f'--id={ada["id"]}'], 'id-taken'),
                              (['c', f'--uid={ada["uid"]}'], 'uid-taken'),
                              (['c', '--email=BOB@example.org'], 'email-taken'),
                              (['c', '--partner-id=p'], 'partner-id-taken'), (['c', '--parent=nobody-here'], 'unknown')):
        fails(daemon.ctl('user', 'add', *arguments, '--password-file=-', input='x', check=False), 1,
              f'{arguments[0]}: ', reason)
    assert len(daemon.ctl_json('user', 'list')['users']) == 2


def test_a_long_list_comes_whole(daemon):
    names = [f'user{number:04}' for number in range(1500)]
    for start in range(0, len(names), 50):
        requests = []
        for name in names[start:start + 50]:
            body = json.dumps({'name': name})
            requests.append(f'POST /v1/users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
                            f'Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}'.encode())
        assert all(a.startswith(b'HTTP/1.1 201') for a in system.together(daemon.socket, requests))
    assert sorted(user['name'] for user in daemon.ctl_json('user', 'list')['users']) == names
    table = daemon.ctl('user', 'list').stdout.splitlines()
    assert sorted(line.split()[0] for line in table) == ['NAME', *names]
