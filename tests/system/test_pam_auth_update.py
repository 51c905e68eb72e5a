"""Debian's pam-auth-update with the shipped profile: su, login and passwd through common-*."""

import os
import pathlib
import re
import subprocess

import pytest

import sshd as ssh
import stack
import tokend as system

pytestmark = pytest.mark.root

ASKED = '[Pp]assword: '
INSTALLED = pathlib.Path('/usr/share/pam-configs')
PROFILE = INSTALLED / 'tokend'
PROFILES = ('tokend', 'tokend-password')
COMMON = ('common-auth', 'common-account', 'common-session', 'common-session-noninteractive', 'common-password')
SHIPPED = system.ROOT / 'pam/profiles/pam-auth-update'


def update(*arguments):
    done = subprocess.run(['pam-auth-update', '--package', *arguments], capture_output=True, text=True,
                          env=dict(os.environ, DEBIAN_FRONTEND='noninteractive'), timeout=system.PATIENCE)
    assert done.returncode == 0, done


def common():
    return {name: (stack.FOLDER / name).read_text() for name in COMMON}


@pytest.fixture
def daemon(make_tokend):
    """On the socket that the installed module asks."""
    stack.needs_machine()
    daemon = stack.start(make_tokend, {'Daemon': {'Socket': '/run/tokend/tokend.sock'}})
    daemon.socket = pathlib.Path('/run/tokend/tokend.sock')
    daemon.add_user('ada', 'adas password', shell='/bin/sh')
    return daemon


@pytest.fixture
def enabled(daemon):
    update('--enable', *PROFILES)
    with stack.pwquality():
        yield
    update('--remove', *PROFILES)


@pytest.fixture
def no_pwquality(enabled):
    """Then nobody asks for the new password before pam_unix does."""
    update('--disable', 'pwquality')
    assert 'pam_pwquality' not in common()['common-password']
    yield
    update('--enable', 'pwquality')


@pytest.fixture
def local():
    with ssh.local_user('local-user', 'local password'):
        yield


def su(name, password):
    return stack.run(['su', '-s', '/bin/sh', '-c', 'id -un', name], (ASKED, password), uid=65534)


def test_what_is_tested_is_what_is_shipped():
    stack.needs_machine()
    for name in PROFILES:
        shipped = (SHIPPED.parent / name.replace('tokend', SHIPPED.name)).read_text()
        assert (INSTALLED / name).read_text() == shipped
        # the dialog takes its list of names apart at the commas
        assert ',' not in shipped.splitlines()[0]


def test_off_unless_enabled_and_all_as_before_when_removed():
    stack.needs_machine()
    before = common()
    update()
    assert common() == before
    update('--enable', *PROFILES)
    assert [name for name, text in common().items() if 'pam_tokd.so' in text] == [
        'common-auth', 'common-account', 'common-session', 'common-password']
    assert 'pam_tok0' not in str(common()) and 'pam_tok1' not in str(common())
    auth = common()['common-auth']
    assert auth.index('pam_unix.so') < auth.index('pam_tokd.so') < auth.index('pam_deny.so')
    password = common()['common-password'].partition('\n# here are the per-package modules')[2]
    assert re.findall(r'pam_\w+\.so', password) == [
        'pam_pwquality.so', 'pam_unix.so', 'pam_tokd.so', 'pam_deny.so', 'pam_permit.so', 'pam_tokd.so']
    update('--remove', *PROFILES)
    assert common() == before


def test_su(daemon, enabled, local):
    assert su('ada', 'adas password') == (0, 'ada')
    assert su('local-user', 'local password') == (0, 'local-user')
    assert su('ada', 'local password')[0] == 1
    system.wait_for(lambda: stack.logins(daemon) == 0, 'the login ends with su')
    daemon.ctl('user', 'lock', 'ada')
    assert su('ada', 'adas password')[0] == 1


def test_an_adopted_user_has_both_passwords(daemon, enabled, local):
    daemon.add_user('local-user', 'tokend password')
    for password in ('local password', 'tokend password'):
        assert su('local-user', password) == (0, 'local-user')
    system.wait_for(lambda: stack.logins(daemon) == 0, 'the login ends with su')


def test_login(daemon, enabled):
    terminal = stack.Terminal(['login', 'ada'])
    terminal.answer((ASKED, 'adas password'))
    terminal.child.sendline('echo "<$TOKEND_LOGIN>"')
    terminal.expect('<[0-9a-f]{32}>')
    (token,) = daemon.ctl_json('token', 'list')['tokens']
    assert token['id'] == stack.login_of(terminal.child.after) and token['service'] == 'login'
    terminal.child.sendline('exit')
    terminal.end()
    system.wait_for(lambda: stack.logins(daemon) == 0, 'the login ends with the session')


NEW_PASSWORD = 'Quite-another 47 staple'
CHANGE = ('Current password: ', 'adas password'), ('New password: ', NEW_PASSWORD), (
    'Retype new password: ', NEW_PASSWORD)


def test_a_forced_change_in_su(daemon, enabled):
    daemon.ctl('user', 'set', 'ada', '--state=password-must-change')
    status, text = stack.run(['su', '-s', '/bin/sh', '-c', 'id -un', 'ada'], (ASKED, 'adas password'), *CHANGE,
                             uid=65534)
    assert (status, text.split()[-1:]) == (0, ['ada']), text
    assert daemon.grant('ada', NEW_PASSWORD).status == 200


def test_passwd(daemon, enabled, local):
    check_passwd(daemon)


def check_passwd(daemon):
    status, text = stack.run(['passwd'], *CHANGE, uid=stack.uid_of('ada'))
    assert status == 0, text
    assert daemon.grant('ada', NEW_PASSWORD).status == 200
    status, text = stack.run(['passwd'], ('Current password: ', 'local password'), *CHANGE[1:],
                             uid=stack.uid_of('local-user'))
    assert status == 0, text
    assert su('local-user', NEW_PASSWORD) == (0, 'local-user')


def forced_su(*answers):
    """su to an adopted user, let in by tokend's password."""
    return stack.run(['su', '-s', '/bin/sh', '-c', 'id -un', 'local-user'], (ASKED, 'adas password'), *answers,
                     uid=65534)


def test_a_forced_change_of_an_adopted_user(daemon, enabled, local):
    """By tokend's password: the account is asked about, though the user stands in /etc/passwd."""
    daemon.add_user('local-user', 'adas password')
    daemon.ctl('user', 'set', 'local-user', '--state=password-must-change')
    status, text = forced_su(('Current password: ', 'wrong'))
    assert status == 1, text
    status, text = forced_su(*CHANGE)
    assert (status, text.split()[-1:]) == (0, ['local-user']), text
    assert daemon.grant('local-user', NEW_PASSWORD).status == 200
    assert su('local-user', 'local password') == (0, 'local-user')


def check_that_the_local_password_does_not_do(daemon):
    """It is not the one that must be changed, and is not changed in its place."""
    daemon.add_user('local-user', 'adas password')
    daemon.ctl('user', 'set', 'local-user', '--state=password-must-change')
    before = shadow('local-user')
    status, text = forced_su(('Current password: ', 'local password'))
    assert (status, 'local-user' in text.split()) == (1, False), text
    assert shadow('local-user') == before
    assert daemon.ctl_json('user', 'show', 'local-user')['state'] == 'password-must-change'


def shadow(name):
    (line,) = [line for line in pathlib.Path('/etc/shadow').read_text().splitlines() if line.startswith(name + ':')]
    return line


def test_the_local_password_does_not_evade_it(daemon, enabled, local):
    check_that_the_local_password_does_not_do(daemon)


def test_adopted_users_without_pwquality(daemon, no_pwquality, local):
    check_that_the_local_password_does_not_do(daemon)
    daemon.ctl('throttle', 'clear', '--all')
    status, text = forced_su(*CHANGE)
    assert (status, text.split()[-1:]) == (0, ['local-user']), text
    assert daemon.grant('local-user', NEW_PASSWORD).status == 200


def test_passwd_without_pwquality(daemon, no_pwquality, local):
    check_passwd(daemon)


def test_a_screen_locker(daemon, enabled):
    """It runs as the user, asks about that user only, and leaves nothing behind."""
    service = stack.FOLDER / 'tokend-locker-test'
    service.write_text('@include common-auth\n@include common-account\n')

    def unlock(caller, user, password):
        return stack.run(['pamtester', service.name, user, 'authenticate', 'acct_mgmt'], (ASKED, password),
                         uid=stack.uid_of(caller))[0] == 0

    try:
        daemon.add_user('bob', 'bobs password')
        assert unlock('ada', 'ada', 'adas password')
        assert not unlock('ada', 'ada', 'bobs password')
        assert not unlock('ada', 'bob', 'bobs password'), 'somebody else is none of its business'
        assert daemon.ctl_json('token', 'list')['tokens'] == []
    finally:
        service.unlink()


@pytest.mark.parametrize('state', ['hung', 'stopped'])
def test_a_local_user_never_waits(daemon, local, state):
    """Through the profile's lines with a deadline that is longer than the test."""
    with stack.changed(PROFILE, SHIPPED.read_text().replace('pam_tokd.so', f'pam_tokd.so {stack.NEVER}')):
        update('--enable', *PROFILES)
        try:
            if state == 'hung':
                with stack.hung(daemon):
                    assert su('local-user', 'local password') == (0, 'local-user')
            else:
                daemon.stop()
                assert su('local-user', 'local password') == (0, 'local-user')
                assert su('local-user', 'wrong')[0] == 1
        finally:
            update('--remove', *PROFILES)


def test_the_doctor_knows_the_second_name(daemon, enabled):
    findings = [line for line in daemon.ctl('doctor', check=False).stdout.splitlines() if 'pam' in line.lower()]
    assert any('asked by' in line and 'su' in line and 'login' in line for line in findings), findings


def test_the_module_is_gone_and_the_profile_is_not(enabled, local):
    """The wrong order of uninstalling: nobody of the machine's is locked out."""
    (module,) = pathlib.Path('/usr/lib').glob('*/security/pam_tokend.so')
    hidden = module.with_suffix('.gone')
    module.rename(hidden)
    try:
        assert su('local-user', 'local password') == (0, 'local-user')
        assert su('local-user', 'wrong')[0] == 1
    finally:
        hidden.rename(module)
