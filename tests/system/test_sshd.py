"""The real sshd with the shipped lines: many sessions, files, keys, and what is refused."""

import concurrent.futures
import os
import pathlib
import re
import subprocess

import pytest

import sshd as ssh
import stack
import tokend as system

pytestmark = pytest.mark.root

METHODS = pytest.mark.parametrize('method', ['password', 'keyboard-interactive'])


@pytest.fixture
def daemon(make_tokend):
    return stack.start(make_tokend)


@pytest.fixture
def ada(daemon):
    return daemon.add_user('ada', 'adas password', shell='/bin/sh')


@pytest.fixture
def sshd(folder, daemon):
    service = ssh.PamService(daemon.socket)
    server = ssh.Sshd(folder, service, 'MaxAuthTries=3', 'MaxStartups=100', 'MaxSessions=20')
    yield server
    server.stop()
    service.remove()


def no_logins(daemon):
    system.wait_for(lambda: daemon.ctl_json('token', 'list')['tokens'] == [], 'every login ends with its session')
    assert stack.logins(daemon) == 0


@METHODS
def test_ten_sessions_at_once(daemon, sshd, method):
    names = [f'user{number}' for number in range(5)]
    for name in names:
        daemon.add_user(name, f'password of {name}', shell='/bin/sh')
    wanted = names * 2
    sessions = [sshd.open(name, f'password of {name}', method, 'echo $TOKEND_LOGIN $(id -un); read x')
                for name in wanted]
    lines = [session.stdout.readline().split() for session in sessions]
    assert [line[1:] for line in lines] == [[name] for name in wanted], sshd.log()
    listed = {token['id']: token['user'] for token in daemon.ctl_json('token', 'list')['tokens']}
    assert listed == {line[0]: line[1] for line in lines} and len(listed) == len(wanted)
    # one ends, the others go on
    sessions[0].communicate('go\n', timeout=system.PATIENCE)
    system.wait_for(lambda: lines[0][0] not in str(daemon.ctl_json('token', 'list')), 'its login ends')
    assert stack.logins(daemon) == len(wanted) - 1
    for session in sessions[1:]:
        session.communicate('go\n', timeout=system.PATIENCE)
    no_logins(daemon)


@METHODS
def test_wrong_passwords_up_to_the_limit(daemon, ada, sshd, method):
    """MaxAuthTries=3 of sshd: three wrong ones end the connection, and the right one is not asked for."""
    terminal = sshd.terminal('ada', method, 'id -un')
    prompt = '[Pp]assword: '
    status, text = terminal.answer(*[(prompt, 'wrong')] * 3).end()
    assert status == 255 and ('Too many authentication failures' in text or 'Permission denied' in text), text
    assert daemon.output().count('reason=wrong-password') == 3
    assert daemon.ctl_json('token', 'list')['tokens'] == []


@METHODS
def test_a_wrong_password_then_the_right_one(daemon, ada, sshd, method):
    terminal = sshd.terminal('ada', method, 'id -un')
    prompt = '[Pp]assword: '
    status, text = terminal.answer((prompt, 'wrong'), (prompt, 'adas password')).end()
    assert (status, text.splitlines()[-1:]) == (0, ['ada']), (text, sshd.log())
    no_logins(daemon)


@METHODS
def test_sftp_and_scp(daemon, ada, sshd, folder, method):
    source = pathlib.Path(folder) / 'source'
    source.write_bytes(os.urandom(200_000))
    for program, arguments in (('scp', [source, 'ada@127.0.0.1:by-scp']),
                               ('scp', ['-O', source, 'ada@127.0.0.1:by-old-scp']),
                               ('scp', ['ada@127.0.0.1:by-scp', source.with_name('back')]),
                               ('sftp', ['ada@127.0.0.1'])):
        done = sshd.copy(program, method, 'adas password', arguments, input=f'put {source} by-sftp\nls -l\n')
        assert done.returncode == 0, (done, sshd.log())
    for name in ('by-scp', 'by-old-scp', 'by-sftp'):
        copy = pathlib.Path('/home/ada') / name
        assert copy.read_bytes() == source.read_bytes()
        assert copy.stat().st_uid == ada['uid']
    assert source.with_name('back').read_bytes() == source.read_bytes()
    no_logins(daemon)


@pytest.fixture
def key(ada, folder):
    """ada's key pair, with the public half in her home."""
    path = pathlib.Path(folder) / 'key'
    subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', path], check=True)
    keys = pathlib.Path('/home/ada/.ssh/authorized_keys')
    keys.parent.mkdir(parents=True)
    keys.write_text(path.with_suffix('.pub').read_text())
    subprocess.run(['chown', '-R', f'{ada["uid"]}:{ada["gid"]}', '/home/ada'], check=True)
    yield path
    subprocess.run(['rm', '-r', '/home/ada'], check=True)


def test_public_key(daemon, sshd, key):
    """No password was ever typed: the session makes its own login."""
    session = sshd.open_by_key('ada', key, 'echo $TOKEND_LOGIN; read x')
    login = session.stdout.readline().strip()
    assert re.fullmatch('[0-9a-f]{32}', login), sshd.log()
    (token,) = daemon.ctl_json('token', 'list')['tokens']
    assert (token['id'], token['user'], token['rhost']) == (login, 'ada', '127.0.0.1')
    session.communicate('go\n', timeout=system.PATIENCE)
    no_logins(daemon)


@pytest.mark.parametrize('out, back', [(('lock', 'ada'), ('unlock', 'ada')),
                                       (('set', 'ada', '--expires=2001-01-01'), ('set', 'ada', '--expires=never'))],
                         ids=['locked', 'expired'])
def test_public_key_and_the_account_refuses(daemon, sshd, key, out, back):
    """Authenticate never ran."""
    daemon.ctl('user', *out)
    done = sshd.login_by_key('ada', key, 'id -un')
    assert done.returncode != 0 and done.stdout == ''
    assert 'Access denied for user ada by PAM account configuration' in sshd.log()
    daemon.ctl('user', *back)
    assert sshd.login_by_key('ada', key, 'id -un').stdout == 'ada\n'
    no_logins(daemon)


@METHODS
def test_an_expired_user(daemon, ada, sshd, method):
    daemon.ctl('user', 'set', 'ada', '--expires=2001-01-01')
    assert sshd.login('ada', 'adas password', method, 'id -un').returncode == 255
    assert 'reason=user-expired' in daemon.output()


def test_public_key_with_tokend_down(daemon, sshd, key):
    """sshd knows the user by tokend's userdb, so nobody of tokend's gets in; a local user does."""
    with ssh.local_user('local-user', 'local password'):
        home = pathlib.Path('/home/local-user')
        (home / '.ssh').mkdir()
        (home / '.ssh/authorized_keys').write_text(key.with_suffix('.pub').read_text())
        subprocess.run(['chown', '-R', 'local-user:', home], check=True)
        daemon.stop()
        assert sshd.login_by_key('ada', key, 'id -un').returncode == 255
        assert sshd.login_by_key('local-user', key, 'id -un').stdout == 'local-user\n'


def test_home_directory_is_made_once(daemon, ada, sshd):
    for _ in range(2):
        done = sshd.login('ada', 'adas password', 'password', 'stat -c "%U %a" ~; touch here; ls -A ~')
        assert done.returncode == 0 and done.stdout.splitlines()[0] == 'ada 700'
    assert pathlib.Path('/home/ada/here').exists()
    subprocess.run(['rm', '-r', '/home/ada'], check=True)


def test_logins_while_users_change(daemon, sshd):
    """Sessions of many users, opened and closed in parallel, leave nothing behind."""
    names = [f'user{number}' for number in range(4)]
    for name in names:
        daemon.add_user(name, 'same password', shell='/bin/sh')
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda name: sshd.login(name, 'same password', 'password', 'id -un').stdout, names * 3))
    assert done == [f'{name}\n' for name in names * 3], sshd.log()
    no_logins(daemon)
