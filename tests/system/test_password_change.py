"""New passwords through the real programs: passwd(1), and changes that are forced at a login."""

import contextlib
import pathlib
import subprocess

import pytest

import sshd as ssh
import stack
import tokend as system

pytestmark = pytest.mark.root

ASKED = '[Pp]assword: '
CHANGE = ('Current password: ', 'old password'), ('New password: ', 'new password'), (
    'Retype new password: ', 'new password')


@pytest.fixture
def daemon(make_tokend):
    stack.needs_machine()
    daemon = stack.start(make_tokend)
    daemon.add_user('ada', 'old password', shell='/bin/sh')
    return daemon

LOCAL_PASSWORD = 'Quite-another 47 staple'
LOCAL_CHANGE = CHANGE[0], ('New password: ', LOCAL_PASSWORD), ('Retype new password: ', LOCAL_PASSWORD)


@pytest.fixture
def passwd(daemon):
    with stack.shipped('passwd', daemon), stack.pwquality():
        yield


def must_change(daemon, name='ada'):
    daemon.ctl('user', 'set', name, '--state=password-must-change')


def knows(daemon, password, name='ada'):
    return daemon.grant(name, password).status == 200


def state_of(daemon, name='ada'):
    return daemon.ctl_json('user', 'show', name)['state']


def su(*answers, name='ada'):
    return stack.run(['su', '-s', '/bin/sh', '-c', 'id -un', name], *answers, uid=65534)


def test_forced_in_su(daemon):
    must_change(daemon)
    with stack.shipped('su', daemon):
        status, text = su((ASKED, 'old password'), *CHANGE)
        assert (status, text.split()[-1:]) == (0, ['ada']), text
        assert state_of(daemon) == 'active' and not knows(daemon, 'old password')
        status, text = su((ASKED, 'new password'))
        assert (status, text) == (0, 'ada')


def test_forced_in_su_and_not_done(daemon):
    """A wrong old password, no new one, the old one again: nobody gets in, and nothing changes."""
    must_change(daemon)
    with stack.shipped('su', daemon):
        assert su((ASKED, 'old password'), ('Current password: ', 'wrong'))[0] == 1
        assert su((ASKED, 'old password'), CHANGE[0], ('New password: ', ''))[0] == 1
        assert state_of(daemon) == 'password-must-change'
        same = ('New password: ', 'old password'), ('Retype new password: ', 'old password')
        assert su((ASKED, 'old password'), CHANGE[0], *same, *CHANGE[1:])[0] == 0


def test_forced_in_su_while_another_account_module_says_no(daemon):
    """The change does not hide a denial behind it."""
    must_change(daemon)
    with stack.shipped('su', daemon) as path:
        path.write_text(path.read_text() + 'account required pam_deny.so\n')
        status, text = su((ASKED, 'old password'))
        assert status == 1 and state_of(daemon) == 'password-must-change', text


def test_forced_in_sudo(daemon):
    must_change(daemon)
    sudoers = 'Defaults passwd_tries=1, timestamp_timeout=0, lecture=never\nada ALL=(ALL:ALL) ALL\n'
    with stack.shipped('sudo', daemon), stack.changed('/etc/sudoers.d/tokend-test', sudoers):
        status, text = stack.run(['sudo', 'id', '-un'], (ASKED.replace(': ', ' for ada: '), 'old password'), *CHANGE,
                                 uid=stack.uid_of('ada'))
        assert (status, text.split()[-1:]) == (0, ['root']), text
    assert state_of(daemon) == 'active' and knows(daemon, 'new password')


def test_forced_on_the_console(daemon):
    must_change(daemon)
    with stack.shipped('login', daemon):
        terminal = stack.Terminal(['login', 'ada'])
        terminal.answer((ASKED, 'old password'), *CHANGE)
        terminal.child.sendline('echo "<$(id -un)>"')
        terminal.expect('<ada>')
        terminal.child.sendline('exit')
        terminal.end()
    assert state_of(daemon) == 'active' and knows(daemon, 'new password')


@pytest.fixture
def sshd(folder, daemon):
    service = ssh.PamService(daemon.socket)
    server = ssh.Sshd(folder, service)
    yield server
    server.stop()
    service.remove()


def test_forced_in_sshd_keyboard_interactive(daemon, sshd):
    """The questions come in the same conversation, before the session."""
    must_change(daemon)
    terminal = sshd.terminal('ada', 'keyboard-interactive', 'echo $TOKEND_LOGIN')
    status, text = terminal.answer((ASKED, 'old password'), *CHANGE).end()
    assert status == 0, (text, sshd.log())
    assert state_of(daemon) == 'active' and knows(daemon, 'new password') and not knows(daemon, 'old password')
    assert len(stack.login_of(text)) == 32, 'the change leaves the login alive that it happened in'
    assert sshd.login('ada', 'new password', 'password', 'id -un').stdout == 'ada\n'


def test_forced_in_sshd_password_without_a_terminal(daemon, sshd):
    """With this method sshd can ask nothing more: it refuses the command."""
    must_change(daemon)
    done = sshd.login('ada', 'old password', 'password', 'id -un')
    assert done.returncode == 1 and done.stdout == ''
    assert 'Password change required but no TTY available' in done.stderr
    assert state_of(daemon) == 'password-must-change'
    system.wait_for(lambda: stack.logins(daemon) == 0, 'no login is left')


def test_forced_in_sshd_password_with_a_terminal(daemon, sshd, passwd):
    """It runs passwd(1) in place of the shell, and ends: hence /etc/pam.d/passwd needs its lines too."""
    must_change(daemon)
    terminal = sshd.terminal('ada', 'password', tty=True)
    terminal.answer((ASKED, 'old password'))
    terminal.expect('Your password has expired')
    status, text = terminal.answer(*CHANGE).end()
    assert 'updated successfully' in text, (status, text)
    assert state_of(daemon) == 'active' and knows(daemon, 'new password')
    assert sshd.login('ada', 'new password', 'password', 'id -un').stdout == 'ada\n'


@contextlib.contextmanager
def a_key(folder):
    """ada's key pair, with the public half in her home."""
    path = pathlib.Path(folder) / 'key'
    subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', path], check=True)
    ssh_folder = pathlib.Path('/home/ada/.ssh')
    ssh_folder.mkdir(parents=True)
    (ssh_folder / 'authorized_keys').write_text(path.with_suffix('.pub').read_text())
    subprocess.run(['chown', '-R', 'ada:ada', '/home/ada'], check=True)
    yield path
    subprocess.run(['rm', '-r', '/home/ada'], check=True)


def test_forced_in_sshd_after_a_public_key(daemon, sshd, folder):
    """Whoever comes by key has a password to change all the same; sshd does as with "password"."""
    must_change(daemon)
    with a_key(folder) as path:
        done = sshd.login_by_key('ada', path, 'id -un')
    assert done.returncode == 1 and done.stdout == ''
    assert 'Password change required but no TTY available' in done.stderr


def test_forced_after_a_public_key_while_tokend_hangs(make_tokend, folder):
    """Who can make tokend late does not get around the change: the module sees it in what tokend told before."""
    stack.needs_machine()
    run = pathlib.Path('/run/tokend')
    (run / 'userdb').mkdir(parents=True, exist_ok=True)
    daemon = stack.start(make_tokend, {'Daemon': {'Socket': run / 'tokend.sock', 'UserdbSnapshot': run / 'userdb/snapshot'}})
    daemon.socket = run / 'tokend.sock'
    daemon.add_user('ada', 'old password', shell='/bin/sh')
    service = ssh.PamService(daemon.socket)
    server = ssh.Sshd(folder, service)
    try:
        with a_key(folder) as path:
            with stack.hung(daemon):
                assert server.login_by_key('ada', path, 'id -un').stdout == 'ada\n', server.log()
            must_change(daemon)
            with stack.hung(daemon):
                done = server.login_by_key('ada', path, 'id -un')
                assert done.returncode != 0 and done.stdout == '', server.log()
            terminal = server.terminal('ada', 'keyboard-interactive', 'id -un')
            status, text = terminal.answer((ASKED, 'old password'), *CHANGE).end()
            assert (status, text.split()[-1:]) == (0, ['ada']), (text, server.log())
            assert state_of(daemon) == 'active'
            with stack.hung(daemon):
                assert server.login_by_key('ada', path, 'id -un').stdout == 'ada\n', 'no other change is wanted'
    finally:
        server.stop()
        service.remove()
        (run / 'userdb/snapshot').unlink(missing_ok=True)


def test_passwd_of_a_user(daemon, passwd):
    """Other tokens die, the words are su's."""
    old = daemon.grant('ada', 'old password').json()['access_token']
    status, text = stack.run(['passwd'], *CHANGE, uid=stack.uid_of('ada'))
    assert status == 0 and 'updated successfully' in text
    assert knows(daemon, 'new password') and not knows(daemon, 'old password')
    assert not daemon.is_active(old)


def test_passwd_by_root(daemon, passwd):
    assert stack.run(['passwd', 'ada'], *CHANGE[1:])[0] == 0
    assert knows(daemon, 'new password')


@pytest.mark.parametrize('state', ['running', 'stopped'])
def test_passwd_of_a_local_user(daemon, passwd, state):
    """Threat 20."""
    if state == 'stopped':
        daemon.stop()
    with ssh.local_user('local-user', 'old password'):
        before = shadow_of('local-user')
        status, text = stack.run(['passwd'], *LOCAL_CHANGE, uid=stack.uid_of('local-user'))
        assert status == 0 and shadow_of('local-user') != before, text


def test_passwd_behind_pwquality(daemon):
    """use_authtok, as the snippet says: pam_pwquality asks for the new one and judges it."""
    def edit(snippet):
        return snippet.replace('\npassword', '\npassword requisite pam_pwquality.so retry=3\npassword').replace(
            'skip_local\n\n@include', 'skip_local use_authtok\n\n@include')

    good = ('New password: ', LOCAL_PASSWORD), ('Retype new password: ', LOCAL_PASSWORD)
    with stack.shipped('passwd', daemon, edit=edit), stack.pwquality():
        status, text = stack.run(['passwd'], CHANGE[0], ('New password: ', 'ada'), *good, uid=stack.uid_of('ada'))
        assert status == 0, text
    assert knows(daemon, LOCAL_PASSWORD)


def shadow_of(name):
    return [line for line in open('/etc/shadow') if line.startswith(f'{name}:')][0].split(':')[1]
