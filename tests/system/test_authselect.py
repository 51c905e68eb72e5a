"""The profile for authselect. Debian 12 has no authselect: its templates are rendered here, with every
set of features, by authselect-profiles(5), and given to libpam's own parser and to pamtester."""

import ctypes
import itertools
import os
import pathlib
import re
import subprocess
import time

import pytest

import sshd as ssh
import stack
import tokend as system

pytestmark = pytest.mark.root

PROFILE = system.ROOT / 'pam/profiles/authselect'
STACKS = ('system-auth', 'password-auth', 'postlogin')
FEATURES = ('with-faillock', 'with-mkhomedir', 'with-pamaccess', 'with-token', 'without-nullok')
# What libpam says of modules that this machine does not have; everything else that it says is an error.
MISSING = re.compile(r'PAM (unable to dlopen|adding faulty module)')
ABSENT_HERE = {'pam_pwquality.so', 'pam_oddjob_mkhomedir.so'}


def holds(expression, features):
    words = re.sub(r'"([^"]+)"', lambda match: str(match[1] in features), expression)
    assert re.fullmatch(r'(?:True|False|and|or|not|[() ])+', words), expression
    return eval(words)  # nothing but these words


def render(template, features):
    lines = []
    for line in template.splitlines():
        if match := re.search(r'\{(continue|stop) if (.*?)\}', line):
            if holds(match[2], features) != (match[1] == 'continue'):
                break
            continue
        if match := re.search(r'\s*\{(include|exclude) if (.*?)\}', line):
            if holds(match[2], features) != (match[1] == 'include'):
                continue
            line = line.replace(match[0], '')
        line = re.sub(r'\{if ([^:}]*):([^|}]*)(?:\|([^}]*))?\}',
                      lambda match: match[2] if holds(match[1], features) else match[3] or '', line)
        assert '{' not in line, line
        lines.append(line.rstrip())
    return '\n'.join(lines) + '\n'


def all_sets():
    return [set(chosen) for n in range(len(FEATURES) + 1) for chosen in itertools.combinations(FEATURES, n)]


def parse(folder):
    """pam_start_confdir(3) of the service "test"; a conversation is never held."""
    libpam = ctypes.CDLL('libpam.so.0')
    handle = ctypes.c_void_p()
    conversation = (ctypes.c_void_p * 2)()
    code = libpam.pam_start_confdir(b'test', b'ada', ctypes.byref(conversation), os.fsencode(folder),
                                    ctypes.byref(handle))
    assert code == 0
    libpam.pam_end(handle, 0)


def complaints(syslog, folder, text):
    (folder / 'test').write_text(text)
    syslog.read()
    syslog.text = ''
    parse(folder)
    return [line for line in syslog.read().splitlines() if line and not MISSING.search(line)]


def test_features_are_described():
    used = set(re.findall(r'"(with[^"]*)"', ''.join(path.read_text() for path in PROFILE.iterdir())))
    described = re.findall(r'^(with[a-z-]*)::$', (PROFILE / 'README').read_text(), re.M)
    assert used == set(described) == set(FEATURES)
    assert (PROFILE / 'README').read_text().splitlines()[0], 'the name of the profile'


def test_both_stacks_are_alike():
    assert (PROFILE / 'system-auth').read_text() == (PROFILE / 'password-auth').read_text()


def test_libpam_takes_every_rendering(syslog, tmp_path):
    (tmp_path / 'other').write_text('auth required pam_deny.so\n')
    for name, features in itertools.product(STACKS, all_sets()):
        text = render((PROFILE / name).read_text(), features)
        assert complaints(syslog, tmp_path, text) == [], (name, features, text)
        for word in re.findall(r'pam_\w+\.so', text):
            assert word in ABSENT_HERE or list(pathlib.Path('/usr/lib').glob(f'*/security/{word}')), word
    # the check itself
    assert complaints(syslog, tmp_path, 'auth [success=ok defualt=bad] pam_unix.so\n') != []
    assert complaints(syslog, tmp_path, 'authh required pam_unix.so\n') != []


@pytest.fixture
def daemon(make_tokend):
    """On the socket whose users the module sees without asking."""
    stack.needs_machine()
    run = pathlib.Path('/run/tokend')
    snapshot = run / 'userdb/snapshot'
    daemon = stack.start(make_tokend, {'Daemon': {'Socket': run / 'tokend.sock', 'UserdbSnapshot': snapshot}})
    daemon.socket = run / 'tokend.sock'
    daemon.add_user('ada', 'adas password')
    yield daemon
    snapshot.unlink(missing_ok=True)


@pytest.fixture
def service(daemon):
    """Makes a service of /etc/pam.d that is one rendering, asking that daemon."""
    path = stack.FOLDER / 'tokend-authselect-test'

    def make(features=(), options='timeout=10'):
        text = render((PROFILE / 'system-auth').read_text(), set(features))
        path.write_text(stack.with_module(text, daemon, options))
        return path.name

    yield make
    path.unlink()


def pamtester(service, user, password, *operations):
    return subprocess.run(['pamtester', service, user, *operations], input=password + '\n', capture_output=True,
                          text=True, timeout=system.PATIENCE).returncode == 0


LOGIN = ('authenticate', 'acct_mgmt', 'open_session', 'close_session')


@pytest.mark.parametrize('features', [(), ('without-nullok', 'with-pamaccess')])
def test_who_is_let_in(daemon, service, features):
    name = service(features)
    with ssh.local_user('local-user', 'local password'):
        assert pamtester(name, 'ada', 'adas password', *LOGIN)
        assert pamtester(name, 'local-user', 'local password', *LOGIN)
        assert not pamtester(name, 'ada', 'local password', 'authenticate')
        daemon.ctl('user', 'lock', 'ada')
        assert not pamtester(name, 'ada', 'adas password', 'authenticate')
        assert not pamtester(name, 'ada', '', 'acct_mgmt')
    assert stack.logins(daemon) == 0


def test_a_local_user_never_waits(daemon, service):
    """Neither with a right password nor with a wrong one."""
    name = service(options=stack.NEVER)
    with ssh.local_user('local-user', 'local password'), stack.hung(daemon):
        assert pamtester(name, 'local-user', 'local password', *LOGIN)
        assert not pamtester(name, 'local-user', 'wrong', *LOGIN)


def test_an_adopted_user_waits_after_a_wrong_password_only(daemon, service):
    """It may be tokend's."""
    with ssh.local_user('local-user', 'local password'):
        daemon.add_user('local-user', 'tokend password')
        assert pamtester(service(), 'local-user', 'tokend password', *LOGIN)
        with stack.hung(daemon):
            assert pamtester(service(options=stack.NEVER), 'local-user', 'local password', *LOGIN)
            start = time.monotonic()
            assert not pamtester(service(options='timeout=4'), 'local-user', 'tokend password', *LOGIN)
            assert time.monotonic() - start >= 4


NEW = 'Quite-another 47 staple'
FRESH = ('New password: ', NEW), ('Retype new password: ', NEW)


def change(service, password, *answers):
    """A forced change at a login by that password."""
    return stack.run(['pamtester', service, 'local-user', 'authenticate', 'acct_mgmt',
                      'chauthtok(PAM_CHANGE_EXPIRED_AUTHTOK)'], (stack.PASSWORD_PROMPT, password), *answers)


@pytest.fixture
def must_change(daemon, service):
    """An adopted user whose password in tokend must be changed: the name of the service."""
    # pamtester ends at what acct_mgmt says; sshd and su go on
    name = service()
    path = stack.FOLDER / name
    path.write_text(re.sub(r'^account .*pam_tokend\.so.*\n', '', path.read_text(), flags=re.M))
    with ssh.local_user('local-user', 'local password'), stack.pwquality():
        daemon.add_user('local-user', 'tokend password')
        daemon.ctl('user', 'set', 'local-user', '--state=password-must-change')
        yield name


def test_a_forced_change(daemon, must_change):
    status, text = change(must_change, 'tokend password', ('Current password: ', 'tokend password'), *FRESH)
    assert status == 0, text
    assert daemon.grant('local-user', NEW).status == 200
    assert pamtester(must_change, 'local-user', 'local password', 'authenticate')


def test_the_local_password_does_not_evade_it(daemon, must_change):
    status, text = change(must_change, 'tokend password', ('Current password: ', 'local password'))
    assert status != 0, text
    assert pamtester(must_change, 'local-user', 'local password', 'authenticate')
    assert daemon.ctl_json('user', 'show', 'local-user')['state'] == 'password-must-change'


def test_passwd_is_for_the_local_password(daemon, service):
    name = service()
    with ssh.local_user('local-user', 'local password'), stack.pwquality():
        daemon.add_user('local-user', 'tokend password')
        # pamtester is not set-uid: root it is, whom pam_unix asks for no old one
        status, text = stack.run(['pamtester', name, 'local-user', 'chauthtok'], *FRESH)
        assert status == 0, text
        assert pamtester(name, 'local-user', NEW, 'authenticate')
        assert daemon.grant('local-user', 'tokend password').status == 200


def test_nsswitch_asks_systemd_after_the_files():
    lines = (PROFILE / 'nsswitch.conf').read_text().splitlines()
    assert {line.split(':')[0] for line in lines} == {'passwd', 'shadow', 'group', 'gshadow'}
    assert all(line.split()[1] == 'files' and line.split()[-1] == 'systemd' for line in lines)
