"""Public keys out of tokend: the installed tokenctl as the real sshd's AuthorizedKeysCommand."""

import contextlib
import os
import pathlib
import re
import stat
import subprocess
import time

import pytest

import sshd as ssh
import stack
import tokend as system

pytestmark = pytest.mark.root

PROGRAM = pathlib.Path('/usr/bin/tokenctl')
NOBODY = 65534
DEADLINE = 2


@pytest.fixture
def daemon(make_tokend):
    return stack.start(make_tokend)


@pytest.fixture
def sshd(folder, daemon):
    stack.needs_machine()
    service = ssh.PamService(daemon.socket)
    server = ssh.Sshd(folder, service, f'AuthorizedKeysCommand={PROGRAM} --socket={daemon.socket} ssh-keys %u',
                      'AuthorizedKeysCommandUser=nobody')
    yield server
    server.stop()
    service.remove()


@pytest.fixture
def key(folder):
    return make_key(folder, 'key')


def make_key(folder, name, kind='ed25519'):
    path = pathlib.Path(folder) / name
    subprocess.run(['ssh-keygen', '-q', '-t', kind, '-N', '', '-C', f'{name} of a test', '-f', path], check=True)
    return path


def public(key):
    return key.with_suffix('.pub').read_text().strip()


def keys_of(daemon, name, check=True):
    """As sshd's child asks: as nobody, with nothing in its environment."""
    return daemon.ctl('ssh-keys', name, uid=NOBODY, check=check, env={'PATH': '/usr/bin:/bin'})


@contextlib.contextmanager
def stopped(daemon):
    daemon.process.send_signal(system.signal.SIGSTOP)
    try:
        yield
    finally:
        daemon.process.send_signal(system.signal.SIGCONT)


def test_what_is_printed(daemon, folder):
    keys = [make_key(folder, kind, kind) for kind in ('ed25519', 'ecdsa', 'rsa')]
    lines = [public(key) for key in keys]
    everything = pathlib.Path(folder) / 'authorized_keys'
    everything.write_text('# all of them\n' + '\n\n'.join(lines) + '\n')
    daemon.add_user('ada', 'adas password', ssh_key=f'@{everything}')
    daemon.add_user('eve', 'eves password')
    assert keys_of(daemon, 'ada').stdout.splitlines() == lines
    assert daemon.ctl_json('user', 'show', 'ada')['ssh_keys'] == lines
    assert all(f'SSH key     {line}\n' in daemon.ctl('user', 'show', 'ada').stdout for line in lines)
    for nobodys in ('eve', 'nobody-knows', 'a/b', 'ADA', 'ada '):
        done = keys_of(daemon, nobodys)
        assert (done.stdout, done.stderr) == ('', ''), nobodys
    # sshd's own reader takes them
    everything.write_text(keys_of(daemon, 'ada').stdout)
    listed = subprocess.run(['ssh-keygen', '-lf', everything], capture_output=True, text=True, check=True).stdout
    assert len(listed.splitlines()) == 3


def test_keys_are_replaced_and_removed(daemon, folder, key):
    daemon.add_user('ada', 'adas password', ssh_key=public(key))
    other = make_key(folder, 'other')
    daemon.ctl('user', 'set', 'ada', f'--ssh-key=@{other}.pub')
    assert keys_of(daemon, 'ada').stdout == public(other) + '\n'
    daemon.ctl('user', 'set', 'ada', '--ssh-key=')
    assert keys_of(daemon, 'ada').stdout == ''
    assert 'ssh_keys' not in daemon.ctl_json('user', 'show', 'ada')


def test_a_private_key_goes_nowhere(daemon, key):
    daemon.add_user('ada', 'adas password')
    done = daemon.ctl('user', 'set', 'ada', f'--ssh-key=@{key}', check=False)
    assert done.returncode == 1 and '.pub' in done.stderr
    assert 'PRIVATE' not in done.stderr and key.read_text().splitlines()[1] not in done.stderr
    assert keys_of(daemon, 'ada').stdout == ''


def test_options_before_a_key_are_refused(daemon, key):
    daemon.add_user('ada', 'adas password')
    for options in ('restrict ', 'command="/bin/sh" ', 'no-pty,', 'cert-authority '):
        done = daemon.ctl('user', 'set', 'ada', f'--ssh-key={options}{public(key)}', check=False)
        assert done.returncode == 1, options
    assert keys_of(daemon, 'ada').stdout == ''


@pytest.mark.parametrize('change', [('lock', 'ada'), ('set', 'ada', '--expires=2020-01-01')], ids=['locked', 'expired'])
def test_out_of_service_means_no_keys(daemon, key, change):
    daemon.add_user('ada', 'adas password', ssh_key=public(key))
    daemon.ctl('user', *change)
    done = keys_of(daemon, 'ada')
    assert (done.stdout, done.stderr) == ('', '')


def test_tokend_away(daemon, key):
    daemon.add_user('ada', 'adas password', ssh_key=public(key))
    with stopped(daemon):
        begun = time.monotonic()
        done = keys_of(daemon, 'ada', check=False)
        assert (done.returncode, done.stdout) == (3, '')
        assert re.fullmatch(r'tokenctl: ada: .*\(timed-out\)\n', done.stderr)
        assert DEADLINE - 0.1 < time.monotonic() - begun < system.PATIENCE / 2
    daemon.stop()
    done = keys_of(daemon, 'ada', check=False)
    assert (done.returncode, done.stdout) == (3, '')
    assert re.fullmatch(r'tokenctl: ada: .*\(daemon-unreachable\)\n', done.stderr)


def test_the_installed_program_is_what_sshd_asks_for():
    """sshd runs nothing that others than root could have written, on the whole way to it."""
    stack.needs_machine()
    for path in (PROGRAM, *PROGRAM.parents):
        status = path.stat()
        assert status.st_uid == 0 and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH), path
    assert os.access(PROGRAM, os.X_OK)


def test_login_by_key(daemon, sshd, key, folder):
    daemon.add_user('ada', 'adas password', shell='/bin/sh', ssh_key=public(key))
    done = sshd.login_by_key('ada', key, 'id -un; echo $TOKEND_LOGIN')
    assert done.returncode == 0, sshd.log()
    assert re.fullmatch('ada\n[0-9a-f]{32}\n', done.stdout)
    # another one's key is none of ada's
    other = make_key(folder, 'other')
    daemon.add_user('eve', 'eves password', shell='/bin/sh', ssh_key=public(other))
    assert sshd.login_by_key('ada', other, 'id -un').returncode == 255
    assert sshd.login_by_key('eve', other, 'id -un').stdout == 'eve\n'


def test_a_token_of_the_session_ends_with_it(daemon, sshd, key):
    daemon.add_user('ada', 'adas password', shell='/bin/sh', ssh_key=public(key))
    session = sshd.open_by_key('ada', key, f'{PROGRAM} --socket={daemon.socket} token; read x')
    token = session.stdout.readline().strip()
    assert re.fullmatch('[0-9a-f]{64}', token), sshd.log()
    assert daemon.is_active(token)
    session.communicate('go\n', timeout=system.PATIENCE)
    system.wait_for(lambda: not daemon.is_active(token), 'the token dies with its session')


@pytest.mark.parametrize('out, back', [(('lock', 'ada'), ('unlock', 'ada')),
                                       (('set', 'ada', '--expires=2020-01-01'), ('set', 'ada', '--expires=never'))],
                         ids=['locked', 'expired'])
def test_no_login_by_key(daemon, sshd, key, out, back):
    daemon.add_user('ada', 'adas password', shell='/bin/sh', ssh_key=public(key))
    daemon.ctl('user', *out)
    assert sshd.login_by_key('ada', key, 'id -un').returncode == 255
    # there was no key: it did not even come to the account phase
    assert 'Accepted publickey' not in sshd.log() and 'by PAM account configuration' not in sshd.log()
    daemon.ctl('user', *back)
    assert sshd.login_by_key('ada', key, 'id -un').stdout == 'ada\n', sshd.log()


def test_an_account_that_ends_in_a_moment(daemon, sshd, key):
    end = int(time.time()) + 3
    daemon.add_user('ada', 'adas password', shell='/bin/sh', ssh_key=public(key), expires=end)
    assert sshd.login_by_key('ada', key, 'id -un').stdout == 'ada\n', sshd.log()
    system.wait_for(lambda: time.time() >= end, 'its end')
    assert keys_of(daemon, 'ada').stdout == ''
    assert sshd.login_by_key('ada', key, 'id -un').returncode == 255


def test_local_users_own_keys_while_tokend_hangs(daemon, sshd, key):
    with ssh.local_user('local-user', 'local password'):
        home = pathlib.Path('/home/local-user')
        (home / '.ssh').mkdir()
        (home / '.ssh/authorized_keys').write_text(public(key) + '\n')
        subprocess.run(['chown', '-R', 'local-user:', home], check=True)
        with stopped(daemon):
            begun = time.monotonic()
            done = sshd.login_by_key('local-user', key, 'id -un')
            waited = time.monotonic() - begun
        assert done.stdout == 'local-user\n', sshd.log()
        # each question to tokend ends at a deadline: tokenctl's, and pam_tokend's by phase (timeout=2)
        assert waited < system.PATIENCE, waited
        print(f'waited {waited:.1f} s')
        daemon.stop()
        assert sshd.login_by_key('local-user', key, 'id -un').stdout == 'local-user\n'
