"""pam_chauthtok() for real: pamtester and a driver ask, the daemon and its store answer."""

import pytest

import sshd as ssh
import stack
import tokend as system

pytestmark = pytest.mark.root

SERVICE = 'tokend-chauthtok'
OLD = 'old "password" \\ ü'
NEW = 'quite another, and long'
CURRENT = ('Current password: ', OLD)
FRESH = (('New password: ', NEW), ('Retype new password: ', NEW))
FORCED = 'chauthtok(PAM_CHANGE_EXPIRED_AUTHTOK)'


@pytest.fixture
def daemon(make_tokend):
    stack.needs_machine()
    daemon = stack.start(make_tokend)
    daemon.add_user('ada', OLD)
    daemon.add_user('bob', 'bobs password')
    return daemon


@pytest.fixture
def service(daemon):
    """The module alone: its code is what pam_chauthtok() gives."""
    with lines(daemon, 'password required pam_tokend.so'):
        yield


def lines(daemon, text):
    text = ('auth required pam_tokend.so\naccount required pam_tokend.so\nsession required pam_tokend.so\n'
            + text.strip() + '\n')
    return stack.changed(stack.FOLDER / SERVICE, stack.with_module(text, daemon, 'timeout=10 nodelay'))


def pamtester(*answers, user='ada', operation='chauthtok', uid=None):
    return stack.run(['pamtester', SERVICE, user, operation], *answers, uid=uid)


def may_log_in(daemon, password, user='ada'):
    return daemon.grant(user, password).status == 200


def expect_changed(daemon):
    assert may_log_in(daemon, NEW) and not may_log_in(daemon, OLD)


def expect_unchanged(daemon):
    daemon.ctl('throttle', 'clear', '--all')
    assert may_log_in(daemon, OLD) and not may_log_in(daemon, NEW)


def test_root_needs_no_old_password(daemon, service):
    token = daemon.grant('ada', OLD).json()['access_token']
    status, text = pamtester(*FRESH)
    assert (status, text) == (0, 'pamtester: authentication token altered successfully.')
    expect_changed(daemon)
    assert not daemon.is_active(token)


def test_user_needs_the_old_password(daemon, service):
    uid = stack.uid_of('ada')
    token = daemon.grant('ada', OLD).json()['access_token']
    status, text = pamtester(('Current password: ', 'wrong'), uid=uid)
    assert status != 0 and 'Password not changed: the user name or the password is wrong.' in text
    expect_unchanged(daemon)
    assert daemon.is_active(token)
    status, text = pamtester(CURRENT, *FRESH, uid=uid)
    assert status == 0, text
    expect_changed(daemon)
    assert not daemon.is_active(token)


def test_somebody_elses_password(daemon, service):
    """Nobody is even asked: whose password it is the daemon knows by the caller's uid."""
    status, text = pamtester(uid=stack.uid_of('bob'))
    assert (status, text) == (1, 'pamtester: Permission denied')
    expect_unchanged(daemon)


def test_people_who_mistype(daemon, service):
    wrong = (('New password: ', 'one'), ('Retype new password: ', 'two'))
    status, text = pamtester(*wrong, *FRESH)
    assert status == 0, text
    expect_changed(daemon)
    status, text = pamtester(*wrong, *wrong, *wrong)
    assert status != 0 and 'passwords do not match' in text
    status, text = pamtester(('New password: ', ''))
    assert status != 0 and 'No password has been supplied.' in text
    expect_changed(daemon)


def test_the_old_one_again(daemon, service):
    uid = stack.uid_of('ada')
    again = (('New password: ', OLD), ('Retype new password: ', OLD))
    terminal = stack.Terminal(['pamtester', SERVICE, 'ada', 'chauthtok'], uid=uid).answer(CURRENT, *again)
    terminal.expect('The new password is the old one.')
    assert terminal.answer(*FRESH).end()[0] == 0
    expect_changed(daemon)


def test_guesses_are_throttled(daemon, service):
    """The same budget as at the login."""
    uid = stack.uid_of('ada')
    for _ in range(4):
        assert pamtester(('Current password: ', 'wrong'), uid=uid)[0] != 0
    status, text = pamtester(CURRENT, uid=uid)
    assert status != 0 and 'too many failed attempts' in text
    expect_unchanged(daemon)


def test_forced(daemon, service):
    """Only a password that must be changed, and then root is asked for the old one as well."""
    status, text = pamtester(operation=FORCED)
    assert status != 0 and 'assword:' not in text
    daemon.ctl('user', 'set', 'ada', '--state=password-must-change')
    status, text = pamtester(operation='acct_mgmt')
    assert (status, text) == (1, 'pamtester: Authentication token is no longer valid; new one required')
    assert pamtester(('Current password: ', 'wrong'), operation=FORCED)[0] != 0
    status, text = pamtester(CURRENT, *FRESH, operation=FORCED)
    assert status == 0, text
    expect_changed(daemon)
    assert pamtester(operation='acct_mgmt')[0] == 0


def test_passed_over(daemon):
    """Users that tokend does not have, root, and a forced change that is none: the next module's."""
    with lines(daemon, 'password [success=die default=die ignore=ignore] pam_tokend.so\npassword required pam_permit.so'):
        assert pamtester(operation=FORCED)[0] == 0
        assert pamtester(user='root')[0] == 0
        assert pamtester(user='daemon')[0] == 0
        daemon.stop()
        status, text = pamtester(user='daemon')
        assert (status, text) == (1, 'pamtester: Authentication service cannot retrieve authentication info')
        assert pamtester(user='root')[0] == 0


@pytest.mark.parametrize('setting, reason', [('--state=locked', 'user-locked'), ('--expires=1', 'user-expired')])
def test_locked_and_expired(daemon, service, syslog, setting, reason):
    daemon.ctl('user', 'set', 'ada', setting)
    status, text = pamtester()
    assert status != 0 and 'assword:' not in text
    system.wait_for(lambda: f'chauthtok: {reason} (' in syslog.read(), 'a line in the log')


def test_the_log(daemon, service, syslog):
    daemon.ctl('user', 'set', 'ada', '--state=password-must-change')
    pamtester(('Current password: ', 'wrong'), operation=FORCED)
    line = f'pam_tokend({SERVICE}:chauthtok): chauthtok: wrong-password (the user name or the password is wrong), ' \
           f'user="ada", service="{SERVICE}" rhost=""'
    system.wait_for(lambda: line in syslog.read(), 'a line in the log')
    pamtester(*FRESH)
    assert OLD not in syslog.read() and NEW not in syslog.read() and 'wrong"' not in syslog.read()


def test_behind_pwquality(daemon):
    """It asks for the new one and may say no; ours takes what it found good, and asks no more."""
    uid = stack.uid_of('ada')
    with lines(daemon, 'password requisite pam_pwquality.so retry=1 minlen=12 dictcheck=0\n'
                       'password required pam_tokend.so use_authtok'):
        status, text = pamtester(CURRENT, ('New password: ', 'short'), uid=uid)
        assert status != 0 and 'BAD PASSWORD' in text
        expect_unchanged(daemon)
        # it knows the old one from the first call
        status, text = pamtester(CURRENT, ('New password: ', OLD), uid=uid)
        assert status != 0 and 'same as the old one' in text
        status, text = pamtester(CURRENT, *FRESH, uid=uid)
        assert status == 0, text
        expect_changed(daemon)


def test_use_authtok_without_anybody_before(daemon):
    with lines(daemon, 'password required pam_tokend.so use_authtok'):
        status, text = pamtester()
        assert (status, text) == (1, 'pamtester: Authentication information cannot be recovered')
    expect_unchanged(daemon)


def test_the_login_survives(daemon, service):
    """All of the user's tokens die but those of the login that the password is changed in."""
    other = daemon.grant('ada', OLD).json()['access_token']
    driver = ssh.Driver(SERVICE, 'ada', '?')
    answers = {'Password:': OLD, **{prompt.strip(): answer for prompt, answer in (CURRENT, *FRESH)}}
    for operation in ('authenticate', 'open_session'):
        assert driver.step(operation, answers.get) == 0
    driver._write('env TOKEND_LOGIN')
    login = driver.process.stdout.readline().strip()
    member = daemon.request('POST', f'/v1/logins/{login}/token', form={'user': 'ada'}).json()['access_token']
    assert driver.step('chauthtok', answers.get) == 0
    assert daemon.is_active(member) and not daemon.is_active(other)
    assert daemon.ctl_json('status')['logins'] == 1
    assert driver.step('close_session') == 0
    assert not daemon.is_active(member)
    driver.close()
    expect_changed(daemon)


def test_daemon_dies_between_the_two_calls(daemon, service):
    terminal = stack.Terminal(['pamtester', SERVICE, 'ada', 'chauthtok'])
    terminal.answer(FRESH[0]).expect(FRESH[1][0])
    daemon.kill()
    terminal.child.sendline(NEW)
    status, text = terminal.end()
    assert status != 0 and 'tokend does not answer on its socket' in text
    daemon.start(arguments=[f'--userdb-program={system.USERDB}'])
    expect_unchanged(daemon)
