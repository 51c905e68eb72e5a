"""login(1) on a terminal with the shipped lines."""

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
    return daemon


@pytest.fixture
def lines(daemon):
    with stack.shipped('login', daemon):
        yield


@pytest.fixture
def terminals():
    made = []

    def make(name, password):
        terminal = stack.Terminal(['login', name], env={'PS1': '$ '})
        made.append(terminal)
        return terminal.answer((ASKED, password))

    yield make
    for terminal in made:
        terminal.close()


def shell(terminal, command):
    """What a command says in the shell that login started."""
    terminal.child.sendline(f'echo "<$({command})>"')
    terminal.expect('<[^$]*>')
    return terminal.child.after[1:-1]


def test_right(daemon, lines, terminals):
    terminal = terminals('ada', 'adas password')
    assert shell(terminal, 'id -un; pwd').split() == ['ada', '/home/ada']
    login = shell(terminal, 'echo $TOKEND_LOGIN')
    (token,) = daemon.ctl_json('token', 'list')['tokens']
    assert (token['id'], token['service']) == (login, 'login')
    terminal.child.sendline('exit')
    terminal.end()
    system.wait_for(lambda: stack.logins(daemon) == 0, 'the login ends with the session')


def test_wrong_and_locked(daemon, lines, terminals):
    terminal = terminals('ada', 'wrong')
    terminal.expect('Login incorrect')
    terminal.answer(('login: ', 'ada'), (ASKED, 'adas password'))
    assert shell(terminal, 'id -un') == 'ada'
    daemon.ctl('user', 'lock', 'ada')
    terminals('ada', 'adas password').expect('Login incorrect')
    assert 'reason=user-locked' in daemon.output()


@pytest.mark.parametrize('state', ['running', 'hung', 'stopped'])
def test_the_console_is_never_behind_tokend(daemon, terminals, state):
    """root and local users, and nobody waits: whoever did would wait for longer than the test."""
    def check():
        for name, password in (('root', 'roots password'), ('local-user', 'local password')):
            terminal = terminals(name, password)
            assert shell(terminal, 'id -un') == name
            terminal.child.sendline('exit')
            terminal.end()

    subprocess.run(['chpasswd'], input='root:roots password\n', text=True, check=True)
    with ssh.local_user('local-user', 'local password'), stack.shipped('login', daemon, stack.NEVER):
        if state == 'hung':
            with stack.hung(daemon):
                check()
        else:
            if state == 'stopped':
                daemon.stop()
            check()
