"""Tokens and PAM: one typed in place of the password, and one that a session is given."""

import os
import pathlib
import re
import shutil
import stat
import subprocess

import pytest

import sshd as ssh
import stack
import tokend as system

pytestmark = pytest.mark.root

SERVICE = 'tokend-login-token'
PASSWORD = 'correct horse'
FOLDER = pathlib.Path('/run/tokend/tokens')
WRONG = 'pamtester: Authentication failure'
IN = 'pamtester: successfully authenticated'


@pytest.fixture
def daemon(make_tokend):
    stack.needs_machine()
    daemon = stack.start(make_tokend)
    for name in ('ada', 'bob'):
        daemon.add_user(name, PASSWORD, scopes='login', shell='/bin/sh')
    yield daemon
    # whatever the test left there
    for path in FOLDER.glob('*'):
        path.unlink()


def lines(daemon, options):
    text = ''.join(f'{kind} required pam_tokend.so\n' for kind in ('auth', 'account', 'session', 'password'))
    return stack.changed(stack.FOLDER / SERVICE,
                         stack.with_module(text, daemon, f'timeout=10 nodelay {options}'))


def token(daemon, user='ada', scopes='login', **options):
    flags = [f'--{key}={value}' for key, value in options.items()]
    scopes = [f'--scopes={scopes}'] if scopes else []
    return daemon.ctl('token', 'issue', f'--user={user}', *scopes, *flags).stdout.strip()


def log_in(typed, operation='authenticate', user='ada', uid=None):
    """What pamtester says in the end."""
    return stack.run(['pamtester', SERVICE, user, operation], ('Password: ', typed), uid=uid)[1]


def is_let_in(daemon, typed, options, **more):
    """Also that the refusal is always the same one, and that no guess is throttled here."""
    with lines(daemon, options):
        text = log_in(typed, **more)
    daemon.ctl('throttle', 'clear', '--all')
    assert text in (IN, WRONG), text
    return text == IN


# accept= → whether the password and whether a token lets in
ACCEPTS = {'': (True, False), 'accept=password': (True, False), 'accept=token': (False, True),
           'accept=password,token': (True, True), 'accept=token,password': (True, True)}


@pytest.mark.parametrize('options', ACCEPTS)
@pytest.mark.parametrize('once', ['', ' one_time_token'])
def test_accept(daemon, options, once):
    password, by_token = ACCEPTS[options]
    assert is_let_in(daemon, PASSWORD, options + once) == password
    assert is_let_in(daemon, token(daemon), options + once) == by_token


def test_tokens_that_let_nobody_in(daemon):
    right = token(daemon)
    refresh = daemon.grant('ada', PASSWORD, form={'scope': 'login'}).json().get('refresh_token', 'f' * 64)
    spent = token(daemon)
    daemon.request('POST', '/oauth/revoke', form={'token': spent})
    for typed in (token(daemon, scopes=''), token(daemon, 'bob'), refresh, spent, right[:-1], right + '0', right.upper(),
                  f' {right}', '0' * 64, daemon.introspect(right)['jti']):
        assert not is_let_in(daemon, typed, 'accept=password,token'), typed
        assert not is_let_in(daemon, typed, 'accept=token'), typed
    assert is_let_in(daemon, right, 'accept=token')
    assert daemon.is_active(right)


def test_one_time_token(daemon):
    once = token(daemon)
    assert is_let_in(daemon, once, 'accept=password,token one_time_token')
    assert not daemon.is_active(once)
    assert not is_let_in(daemon, once, 'accept=password,token one_time_token')
    assert not is_let_in(daemon, once, 'accept=password,token')
    # the password is none
    for _ in range(2):
        assert is_let_in(daemon, PASSWORD, 'accept=password,token one_time_token')


def test_one_winner(daemon):
    """Many logins with the same one-time token at the same moment: one gets in."""
    once = token(daemon)
    with lines(daemon, 'accept=token one_time_token'):
        started = [subprocess.Popen(['pamtester', SERVICE, 'ada', 'authenticate'], stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(8)]
        said = [process.communicate(once + '\n', timeout=system.PATIENCE)[0] for process in started]
    assert sum('successfully authenticated' in text for text in said) == 1, said


@pytest.mark.parametrize('setting', ['--state=locked', '--expires=1'])
def test_locked_and_expired_users(daemon, setting):
    right = token(daemon)
    daemon.ctl('user', 'set', 'ada', setting)
    assert not is_let_in(daemon, right, 'accept=password,token')
    assert not is_let_in(daemon, PASSWORD, 'accept=password,token')


def test_must_change(daemon):
    """A token is no way around it: the account is asked about as after a password."""
    daemon.ctl('user', 'set', 'ada', '--state=password-must-change')
    right = token(daemon)
    assert is_let_in(daemon, right, 'accept=password,token')
    with lines(daemon, 'accept=password,token'):
        status, text = stack.run(['pamtester', SERVICE, 'ada', 'acct_mgmt'])
        assert (status, text) == (1, 'pamtester: Authentication token is no longer valid; new one required')


def test_throttled_like_a_password(daemon):
    right = token(daemon)
    with lines(daemon, 'accept=token'):
        for _ in range(3):
            assert log_in('0' * 64) == WRONG
        assert log_in(right) == 'pamtester: Have exhausted maximum number of retries for service'


def test_programs_that_are_not_roots(daemon):
    """The daemon takes passwords from them: nothing else is ever sent."""
    uid = stack.uid_of('ada')
    right = token(daemon)
    assert is_let_in(daemon, PASSWORD, 'accept=password,token', uid=uid)
    assert not is_let_in(daemon, right, 'accept=password,token one_time_token', uid=uid)
    assert daemon.is_active(right)
    with lines(daemon, 'accept=token'):
        status, text = stack.run(['pamtester', SERVICE, 'ada', 'authenticate'], uid=uid)
        assert (status, text) == (1, 'pamtester: Insufficient credentials to access authentication data')


def test_the_log(daemon, syslog):
    """Which user, which reason; never what was typed."""
    right, foreign = token(daemon), token(daemon, 'bob')
    with lines(daemon, 'accept=token'):
        log_in(foreign)
        line = f'authenticate: wrong-password (the user name or the password is wrong), user="ada", service="{SERVICE}"'
        system.wait_for(lambda: line in syslog.read(), 'a line in the log')
        log_in(right)
    assert right not in syslog.read() + daemon.output()
    assert foreign not in syslog.read() + daemon.output()


# --- the session's token ---------------------------------------------------------------------


class Session:
    """One PAM handle of root's, as sshd has one: with a password, or (by_key) without authenticate."""

    def __init__(self, by_key=False):
        self.driver = ssh.Driver(SERVICE, 'ada', PASSWORD)
        for operation in () if by_key else ('authenticate', 'acct_mgmt', 'setcred'):
            self.driver.expect_ok(operation)
        self.driver.expect_ok('open_session')

    def env(self, name):
        self.driver._write(f'env {name}')
        return self.driver.process.stdout.readline().strip()

    def close(self):
        self.driver.expect_ok('close_session')
        self.driver.close()


def files():
    return sorted(path.name for path in FOLDER.iterdir()) if FOLDER.exists() else []


@pytest.mark.parametrize('by_key', [False, True])
def test_file(daemon, by_key):
    with lines(daemon, 'session_token=file'):
        session = Session(by_key)
        login, path = session.env('TOKEND_LOGIN'), session.env('TOKEND_TOKEN_FILE')
        assert path == f'{FOLDER}/{login}' and files() == [login] and session.env('TOKEND_TOKEN') == ''
        status = os.lstat(path)
        assert stat.S_IMODE(status.st_mode) == 0o400 and stat.S_ISREG(status.st_mode)
        assert status.st_uid == stack.uid_of('ada')
        folder = os.lstat(FOLDER)
        assert (stat.S_IMODE(folder.st_mode), folder.st_uid, folder.st_gid) == (0o711, 0, 0)

        text = pathlib.Path(path).read_text()
        assert re.fullmatch('[0-9a-f]{64}\n', text)
        shown = daemon.introspect(text.strip())
        assert shown['active'] and shown['username'] == 'ada' and 'scope' not in shown
        assert daemon.ctl_json('token', 'show', shown['jti'])['login'] == login
        session.close()
        assert files() == [] and not daemon.is_active(text.strip())
        assert daemon.ctl_json('status')['logins'] == 0


def test_file_is_the_users_alone(daemon):
    with lines(daemon, 'session_token=file'):
        session = Session()
        path = session.env('TOKEND_TOKEN_FILE')
        for name, expected in (('ada', 0), ('bob', 1)):
            done = subprocess.run(['setpriv', f'--reuid={stack.uid_of(name)}', '--clear-groups', 'cat', path],
                                  capture_output=True)
            assert (done.returncode, len(done.stdout)) == (expected, 0 if expected else 65)
        # nobody but root lists, adds or takes away
        for command in (['ls', FOLDER], ['touch', FOLDER / 'x'], ['rm', '-f', path], ['mv', path, '/tmp/x']):
            done = subprocess.run(['setpriv', f'--reuid={stack.uid_of("ada")}', '--clear-groups', *command],
                                  capture_output=True)
            assert done.returncode != 0, command
        session.close()


@pytest.mark.parametrize('by_key', [False, True])
def test_env(daemon, by_key):
    with lines(daemon, 'session_token=env'):
        session = Session(by_key)
        given = session.env('TOKEND_TOKEN')
        assert daemon.is_active(given) and session.env('TOKEND_TOKEN_FILE') == '' and files() == []
        session.close()
        assert not daemon.is_active(given)


def test_no_token_before_the_change(daemon, syslog):
    """sshd asks within the session, which is open for nothing else."""
    daemon.ctl('user', 'set', 'ada', '--state=password-must-change')
    with lines(daemon, 'session_token=file'):
        session = Session(by_key=True)
        assert session.env('TOKEND_TOKEN_FILE') == '' and files() == []
        assert 'no token for the session' in syslog.read() and 'password-must-change' in syslog.read()
        session.close()


@pytest.mark.parametrize('options', ['', 'session_token=none'])
def test_none(daemon, options):
    with lines(daemon, options):
        session = Session()
        assert session.env('TOKEND_TOKEN') == session.env('TOKEND_TOKEN_FILE') == '' and files() == []
        assert len(daemon.ctl_json('token', 'list')['tokens']) == 1
        session.close()


def test_file_goes_without_the_daemon(daemon):
    with lines(daemon, 'session_token=file'):
        session = Session()
        assert len(files()) == 1
        daemon.kill()
        session.close()
        assert files() == []
        daemon.start(arguments=[f'--userdb-program={system.USERDB}'])


def test_folder_that_others_can_write_to(daemon, syslog):
    """The session is opened all the same, and the log says why it has no token."""
    FOLDER.mkdir(mode=0o711, exist_ok=True)
    FOLDER.chmod(0o777)
    try:
        with lines(daemon, 'session_token=file'):
            session = Session()
            assert session.env('TOKEND_TOKEN_FILE') == '' and files() == []
            assert len(daemon.ctl_json('token', 'list')['tokens']) == 1
            session.close()
    finally:
        FOLDER.chmod(0o711)
    said = 'open_session: no token for the session: /run/tokend/tokens is not a folder that only root can write to'
    assert said in syslog.read() and 'user="ada"' in syslog.read()


def test_folder_is_made(daemon):
    if FOLDER.exists():
        FOLDER.rmdir()
    with lines(daemon, 'session_token=file'):
        session = Session()
        assert stat.S_IMODE(FOLDER.stat().st_mode) == 0o711 and len(files()) == 1
        session.close()


# --- through the real sshd -------------------------------------------------------------------


@pytest.fixture
def service(daemon):
    service = ssh.PamService(daemon.socket)
    yield service
    service.remove()


def with_options(service, options):
    service.path.write_text(service.path.read_text().replace(' timeout=2', f' timeout=2 {options}'))


@pytest.fixture
def sshd(folder, daemon, service):
    with_options(service, 'accept=password,token one_time_token session_token=file')
    server = ssh.Sshd(folder, service)
    yield server
    server.stop()


@pytest.mark.parametrize('method', ['password', 'keyboard-interactive'])
def test_sshd(daemon, sshd, method):
    once = token(daemon)
    done = sshd.login('ada', once, method, 'cat $TOKEND_TOKEN_FILE; env')
    assert done.returncode == 0, (done, sshd.log())
    given = done.stdout.splitlines()[0]
    assert re.fullmatch('[0-9a-f]{64}', given) and given not in done.stdout[65:] and once not in done.stdout
    # the file goes first: that needs no daemon
    system.wait_for(lambda: not daemon.is_active(given), 'the token goes with the session')
    assert files() == [] and not daemon.is_active(once)
    assert sshd.login('ada', once, method, 'true').returncode == 255
    assert sshd.login('ada', token(daemon, scopes=''), method, 'true').returncode == 255


def test_sshd_by_public_key(daemon, sshd, folder):
    key = pathlib.Path(folder) / 'key'
    subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key], check=True)
    home = pathlib.Path('/home/ada/.ssh')
    home.mkdir(parents=True, exist_ok=True)
    (home / 'authorized_keys').write_text(key.with_suffix('.pub').read_text())
    subprocess.run(['chown', '-R', 'ada:', '/home/ada'], check=True)
    session = sshd.open_by_key('ada', key, 'cat $TOKEND_TOKEN_FILE; read x')
    given = session.stdout.readline().strip()
    assert daemon.is_active(given), sshd.log()
    session.communicate('go\n', timeout=system.PATIENCE)
    system.wait_for(lambda: not daemon.is_active(given), 'the token goes with the session')
    assert files() == []
    shutil.rmtree(home)
