"""su(1) with the shipped lines."""

import subprocess

import pytest

import sshd as ssh
import stack
import tokend as system

pytestmark = pytest.mark.root

ASKED = '[Pp]assword: '


@pytest.fixture
def daemon(make_tokend):
    daemon = stack.start(make_tokend)
    daemon.add_user('ada', 'adas password', shell='/bin/sh')
    daemon.add_user('bob', 'bobs password', shell='/bin/sh')
    return daemon


@pytest.fixture
def lines(daemon):
    with stack.shipped('su', daemon):
        yield


@pytest.fixture
def local():
    with ssh.local_user('local-user', 'local password'):
        yield


def su(name, password, command='id -un', caller='bob', **options):
    return stack.run(['su', '-s', '/bin/sh', '-c', command, name], (ASKED, password), uid=stack.uid_of(caller),
                     **options)


def test_right_and_wrong(daemon, lines):
    assert su('ada', 'adas password') == (0, 'ada')
    status, text = su('ada', 'bobs password')
    assert status == 1 and 'Authentication failure' in text


def test_who_guesses_slows_only_himself_down(daemon, lines):
    """Nobody locks another one out of su, sudo or the console by running su."""
    for _ in range(3):
        assert su('ada', 'wrong')[0] == 1
    (row,) = daemon.ctl_json('throttle', 'list')['throttle']
    assert (row['user'], row['remote'], row['failures']) == ('ada', f'uid:{stack.uid_of("bob")}', 3)
    assert su('ada', 'adas password', caller='ada') == (0, 'ada')
    console = daemon.request('POST', '/oauth/token', form={'grant_type': 'password', 'username': 'ada', 'service': 'login',
                                                           'password': 'adas password'})
    assert console.status == 200


def test_the_session_is_a_login(daemon, lines):
    terminal = stack.Terminal(['su', '-s', '/bin/sh', '-c', 'echo "<$TOKEND_LOGIN>"; read x', 'ada'],
                              uid=stack.uid_of('bob'))
    terminal.answer((ASKED, 'adas password'))
    terminal.expect('<[0-9a-f]{32}>')
    login = stack.login_of(terminal.text)
    (token,) = daemon.ctl_json('token', 'list')['tokens']
    assert (token['id'], token['service']) == (login, 'su')
    assert stack.logins(daemon) == 1
    terminal.child.sendline('go')
    assert terminal.end()[0] == 0
    system.wait_for(lambda: stack.logins(daemon) == 0, 'the login ends with su')


def test_locked(daemon, lines):
    daemon.ctl('user', 'lock', 'ada')
    assert su('ada', 'adas password')[0] == 1
    assert 'reason=user-locked' in daemon.output()


def test_root_needs_no_password_but_an_account_in_order(daemon, lines):
    command = ['su', 'ada', '-s', '/bin/sh', '-c', 'id -un']
    assert stack.run(command) == (0, 'ada')
    system.wait_for(lambda: stack.logins(daemon) == 0, 'the login ends with su')
    daemon.ctl('user', 'lock', 'ada')
    assert stack.run(command)[0] == 1


def test_to_root_tokend_is_never_asked(daemon, lines):
    subprocess.run(['chpasswd'], input='root:roots password\n', text=True, check=True)
    with stack.hung(daemon):
        assert su('root', 'roots password') == (0, 'root')
    assert su('root', 'wrong')[0] == 1


@pytest.mark.parametrize('state', ['running', 'hung', 'stopped'])
def test_a_local_user_never_waits(daemon, local, state):
    """Threats 3, 4 and 54. Whoever waited would wait for longer than the test."""
    def check():
        assert su('local-user', 'local password', caller='nobody') == (0, 'local-user')
        assert su('local-user', 'wrong', caller='nobody')[0] == 1

    with stack.shipped('su', daemon, stack.NEVER):
        if state == 'hung':
            with stack.hung(daemon):
                check()
        else:
            if state == 'stopped':
                daemon.stop()
            check()


def test_with_tokend_stopped_its_users_are_refused(daemon, lines):
    caller = stack.uid_of('bob')
    daemon.stop()
    status, text = stack.run(['su', '-s', '/bin/sh', '-c', 'id', 'ada'], uid=caller)
    assert status == 1 and 'does not exist' in text


def test_an_adopted_user_has_two_passwords_when_wanted(daemon, local):
    """Without skip_local, as the snippet says."""
    daemon.add_user('local-user', 'tokend password')
    with stack.shipped('su', daemon):
        assert su('local-user', 'tokend password')[0] == 1
        assert su('local-user', 'local password')[0] == 0
    with stack.shipped('su', daemon, edit=lambda text: text.replace(' skip_local', '')):
        assert su('local-user', 'tokend password')[0] == 0
        assert su('local-user', 'local password')[0] == 0
        daemon.ctl('user', 'lock', 'local-user')
        assert su('local-user', 'local password')[0] == 1


def test_the_module_is_gone_and_the_lines_are_not(local):
    """The wrong order of uninstalling."""
    with stack.changed(stack.FOLDER / 'su', stack.merged('su').replace('pam_tokend.so', '/nowhere/pam_tokend.so')):
        assert su('local-user', 'local password', caller='nobody') == (0, 'local-user')
        assert su('local-user', 'wrong', caller='nobody')[0] == 1
