"""sudo(8) with the shipped lines."""

import pytest

import sshd as ssh
import stack
import tokend as system

pytestmark = pytest.mark.root

ASKED = r'\[sudo\] password for [a-z-]+: '
SUDOERS = '''Defaults passwd_tries=1, timestamp_timeout=0, lecture=never
ada, local-user ALL=(ALL:ALL) ALL
'''


@pytest.fixture
def daemon(make_tokend):
    stack.needs_machine()
    daemon = stack.start(make_tokend)
    daemon.add_user('ada', 'adas password', shell='/bin/sh')
    daemon.add_user('bob', 'bobs password', shell='/bin/sh')
    with stack.changed('/etc/sudoers.d/tokend-test', SUDOERS):
        yield daemon


@pytest.fixture
def lines(daemon):
    with stack.shipped('sudo', daemon):
        yield


def sudo(caller, *arguments, password=None):
    """As the caller; password None: none is asked for."""
    answers = [(ASKED, password)] if password is not None else []
    return stack.run(['sudo', *arguments], *answers, uid=stack.uid_of(caller))


def test_right_and_wrong(daemon, lines):
    assert sudo('ada', 'id', '-un', password='adas password') == (0, 'root')
    assert sudo('ada', '-u', 'bob', 'id', '-un', password='adas password') == (0, 'bob')
    status, text = sudo('ada', 'id', password='bobs password')
    assert status == 1 and '1 incorrect password attempt' in text
    status, text = sudo('bob', 'id', password='bobs password')
    assert status == 1 and 'not in the sudoers file' in text


def test_locked(daemon, lines):
    daemon.ctl('user', 'lock', 'ada')
    assert sudo('ada', 'id', password='adas password')[0] == 1
    assert 'reason=user-locked' in daemon.output()


def test_locked_and_asked_for_no_password(daemon, lines):
    """The account is asked about all the same."""
    with stack.changed('/etc/sudoers.d/tokend-test', 'ada ALL=(ALL:ALL) NOPASSWD: ALL\n'):
        assert sudo('ada', 'id', '-un') == (0, 'root')
        daemon.ctl('user', 'lock', 'ada')
        status, text = sudo('ada', 'id', '-un')
        assert status == 1 and 'account management error' in text


@pytest.mark.parametrize('state', ['running', 'hung', 'stopped'])
def test_a_local_user_never_waits(daemon, state):
    with ssh.local_user('local-user', 'local password'), stack.shipped('sudo', daemon, stack.NEVER):
        if state == 'hung':
            with stack.hung(daemon):
                assert sudo('local-user', 'id', '-un', password='local password') == (0, 'root')
        else:
            if state == 'stopped':
                daemon.stop()
            assert sudo('local-user', 'id', '-un', password='local password') == (0, 'root')


def test_what_it_leaves_behind(daemon, lines):
    """No session is the caller's: its login stays pending, until its five minutes are over."""
    assert sudo('ada', 'id', '-un', password='adas password') == (0, 'root')
    (token,) = daemon.ctl_json('token', 'list')['tokens']
    assert token['service'] == 'sudo' and token['user'] == 'ada'
