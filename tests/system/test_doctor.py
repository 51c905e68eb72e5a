"""tokenctl doctor on a healthy machine, and on one with a single fault; login --explain beside what
libpam and sshd really do."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess

import pexpect
import pytest

import impostor
import pamsnippet
import sshd as ssh
import tokend as system

pytestmark = [pytest.mark.root, pytest.mark.sanitize]

USERDB = '/run/systemd/userdb/org.tokend'
CONFIG = pathlib.Path('/etc/tokend/tokend.conf')
SSHD_PAM = pathlib.Path('/etc/pam.d/sshd')
RHOST = '192.0.2.7'


@contextlib.contextmanager
def changed(path, text):
    """The file with another text, and as it was again."""
    path = pathlib.Path(path)
    before = path.read_text() if path.exists() else None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    try:
        yield path
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before)


def with_snippet(daemon, options=''):
    """/etc/pam.d/sshd as the README tells an administrator to write it."""
    merged = pamsnippet.merge(SSHD_PAM.read_text(), (system.ROOT / 'pam/snippets/sshd').read_text())
    return merged.replace('pam_tokend.so', f'pam_tokend.so socket={daemon.socket} timeout=2 {options}')


def doctor(daemon, code=0, **options):
    """Its findings: check → [(result, text, advice)]."""
    done = daemon.ctl('--json', 'doctor', check=False, **options)
    assert done.returncode == code, (done.stdout, done.stderr)
    found = {}
    for finding in json.loads(done.stdout)['findings']:
        found.setdefault(finding['check'], []).append(
            (finding['result'], finding['text'], finding.get('advice')))
    return found


def bad(found):
    """The names of the checks that failed."""
    return {name for name, rows in found.items() if any(row[0] == 'failure' for row in rows)}


def the_failure(found, name):
    assert bad(found) == {name}, found
    (failure,) = [row for row in found[name] if row[0] == 'failure']
    assert failure[2], 'it says what to do'
    return failure[1] + ' | ' + failure[2]


def explain(daemon, user, password='correct horse', code=0, **options):
    flags = [f'--{key}={value}' for key, value in options.items()]
    done = daemon.ctl('--json', 'login', user, '--explain', '--password-file=-', *flags, input=password, check=False)
    assert done.returncode == code, (done.stdout, done.stderr)
    return json.loads(done.stdout)


def steps(explained):
    return {step['step']: step['result'] for step in explained['steps']}


@pytest.fixture
def daemon(make_tokend, bus):
    daemon = make_tokend({'Daemon': {'Userdb': USERDB}}, env={'DBUS_SYSTEM_BUS_ADDRESS': bus.address})
    daemon.start(arguments=[f'--userdb-program={system.USERDB}'])
    system.wait_for(lambda: daemon.request('GET', '/healthz').json()['bus'] == 'connected', 'the bus')
    daemon.add_user('ada', home='/', shell='/bin/sh')
    with changed(SSHD_PAM, with_snippet(daemon)):
        yield daemon


# ---- healthy

def test_a_healthy_machine(daemon):
    found = doctor(daemon)
    assert {row[0] for rows in found.values() for row in rows} <= {'ok', 'note'}, found
    for name in ('config', 'state', 'socket', 'tokend', 'store', 'clock', 'bus', 'nss', 'pam', 'sshd'):
        assert found[name][0][0] == 'ok', (name, found[name])
    assert 'ada is one' in found['nss'][0][1]
    done = daemon.ctl('doctor')
    assert done.stderr == '' and done.stdout.endswith('\n\nNothing is wrong.\n')
    assert re.search(rf'^ok       socket  {daemon.socket} is there', done.stdout, re.M)
    assert '\x1b' not in done.stdout


def test_in_colour_on_a_terminal(daemon):
    terminal = pexpect.spawn(str(system.TOKENCTL), [f'--socket={daemon.socket}', 'doctor'], encoding='utf-8',
                             timeout=system.PATIENCE, env={**os.environ, 'TERM': 'xterm'})
    terminal.expect('\x1b\\[32mok')
    terminal.expect('Nothing is wrong')
    terminal.close()


def test_it_changes_nothing(daemon):
    before = daemon.request('GET', '/healthz').json(), daemon.ctl_json('user', 'list')
    doctor(daemon)
    assert (daemon.request('GET', '/healthz').json(), daemon.ctl_json('user', 'list')) == before


def test_as_somebody_else(daemon):
    found = doctor(daemon, uid=70000)
    assert bad(found) == set()
    (note,) = [text for _, text, _ in found['unseen']]
    assert 'clock' in note and 'nss' in note and 'sshd' in note and 'this takes root' in note


def test_misused(daemon):
    assert daemon.ctl('doctor', 'x', check=False).returncode == 2
    done = subprocess.run([str(system.TOKENCTL), '--url=http://127.0.0.1:1', 'doctor'], capture_output=True, text=True)
    assert done.returncode == 2 and 'this machine' in done.stderr


# ---- one fault each

def test_tokend_is_stopped(daemon):
    """It takes connections, and says nothing."""
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        found = doctor(daemon, 1)
    finally:
        daemon.process.send_signal(signal.SIGCONT)
    assert 'hangs' in the_failure(found, 'tokend') and 'systemctl restart tokend' in the_failure(found, 'tokend')
    assert 'tokend does not answer' in found['unseen'][0][1]


def test_tokend_is_killed(daemon):
    daemon.kill()
    found = doctor(daemon, 1)
    assert 'nobody listens' in the_failure(found, 'socket') and 'systemctl restart' in the_failure(found, 'socket')
    plain = daemon.ctl('doctor', check=False).stdout
    assert plain.startswith('failure  socket'), 'the likeliest cause comes first'


def test_no_socket(daemon):
    daemon.socket.unlink()
    assert 'there is no' in the_failure(doctor(daemon, 1), 'socket')


def test_the_mode_of_the_socket(daemon):
    daemon.socket.chmod(0o600)
    assert 'mode 0600' in the_failure(doctor(daemon, 1), 'socket')


def test_the_mode_of_its_folder(daemon):
    daemon.folder.chmod(0o777)
    assert 'mode 0777' in the_failure(doctor(daemon, 1), 'socket')


def test_an_impostor(daemon):
    """Somebody who is neither root nor tokend listens; he is asked nothing."""
    daemon.stop()
    daemon.folder.chmod(0o777)
    somebody = impostor.Impostor(str(daemon.socket))
    daemon.folder.chmod(0o755)
    try:
        found = doctor(daemon, 1)
    finally:
        connections, received = somebody.stop()
    assert 'neither root nor tokend' in the_failure(found, 'socket')
    assert received == b''


def test_nsswitch_without_systemd(daemon):
    text = pathlib.Path('/etc/nsswitch.conf').read_text()
    with changed('/etc/nsswitch.conf', re.sub(r'^(passwd|group):.*$', r'\1: files', text, flags=re.M)):
        found = doctor(daemon, 1)
    assert bad(found) == {'nss'} and 'has no systemd' in found['nss'][0][1]


def test_users_are_not_found(daemon):
    """Everything is in its place, but the machine does not know ada."""
    with changed('/etc/passwd', pathlib.Path('/etc/passwd').read_text() + 'ada:x:4321:4321::/:/bin/sh\n'):
        assert 'somebody else' in the_failure(doctor(daemon, 1), 'nss')


def test_no_userdb(make_tokend):
    daemon = make_tokend({'Daemon': {'Userdb': USERDB}})
    daemon.start(wait=False, arguments=['--userdb-program=/bin/false'])
    system.wait_for(lambda: 'on the socket' in daemon.output() or daemon.socket.exists(), 'tokend')
    system.wait_for(lambda: daemon.ctl('user', 'add', 'ada', '--password-file=-', input='x', check=False).returncode == 0)
    assert 'tokend-userdb does not run' in the_failure(doctor(daemon, 1), 'nss')


def test_an_unknown_option(daemon):
    with changed(SSHD_PAM, SSHD_PAM.read_text().replace('timeout=2', 'tiemout=2')):
        found = doctor(daemon, 1)
    assert bad(found) == {'pam'} and '"tiemout=2" is no option' in found['pam'][0][1]


def test_no_module(daemon):
    with changed(SSHD_PAM, SSHD_PAM.read_text().replace('pam_tokend.so', 'pam_tokend.so.gone')):
        (row, *_) = doctor(daemon)['pam']
    assert row[0] == 'warning' and 'no service' in row[1]
    with changed(SSHD_PAM, SSHD_PAM.read_text().replace('pam_tokend.so', '/opt/gone/pam_tokend.so')):
        assert bad(doctor(daemon, 1)) == {'pam'}


def test_denials_are_thrown_away(daemon):
    text = re.sub(r'^account\s+\[.*?\]', 'account [success=ok default=ignore]', SSHD_PAM.read_text(), flags=re.M)
    with changed(SSHD_PAM, text):
        found = doctor(daemon)
    assert found['pam'][0][0] == 'warning' and "throws tokend's no away" in found['pam'][0][1]


def test_sshd_without_pam(daemon):
    with changed('/etc/ssh/sshd_config', 'UsePAM no\n'):
        assert 'UsePAM is off' in the_failure(doctor(daemon, 1), 'sshd')
    with changed('/etc/ssh/sshd_config', 'UsePAM yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n'):
        assert doctor(daemon)['sshd'][0][0] == 'warning'
    with changed('/etc/ssh/sshd_config', 'UsePAM yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n'
                 'AuthorizedKeysCommand /usr/bin/tokenctl ssh-keys %u\nAuthorizedKeysCommandUser nobody\n'):
        assert [row[0] for row in doctor(daemon)['sshd']] == ['note']


def test_the_configuration(daemon):
    CONFIG.chmod(0o666)
    try:
        found = doctor(daemon, 1)
    finally:
        CONFIG.chmod(0o640)
    assert bad(found) == {'config'} and 'mode 0666' in found['config'][0][1]
    with changed(CONFIG, '[Daemon]\nLogLevle=info\n'):
        failure = the_failure(doctor(daemon, 1), 'config')
    assert f'{CONFIG}:2' in failure and 'LogLevle' in failure


def test_the_state_folder(daemon):
    folder = pathlib.Path('/var/lib/tokend')
    folder.chmod(0o755)
    try:
        assert 'mode 0755' in the_failure(doctor(daemon, 1), 'state')
    finally:
        folder.chmod(0o700)


def test_another_version(daemon, folder):
    program = pathlib.Path(folder, 'older')
    program.write_bytes(system.TOKENCTL.read_bytes().replace(b'0.1.0\0', b'0.0.9\0'))
    program.chmod(0o755)
    done = subprocess.run([program, f'--socket={daemon.socket}', 'doctor'], capture_output=True, text=True,
                          env={**os.environ, 'LD_LIBRARY_PATH': str(system.BUILD / 'client')})
    assert 'as version 0.1.0, and this is tokenctl 0.0.9' in done.stdout, done


def test_who_has_to_wait(daemon):
    for _ in range(6):
        daemon.grant('ada', 'wrong', form={'service': 'sshd', 'rhost': RHOST})
    (row,) = doctor(daemon)['throttle']
    assert row[0] == 'note' and row[1].startswith('ada is refused for another') and RHOST in row[1]


# ---- a login, explained

def test_let_in(daemon):
    explained = explain(daemon, 'ada', rhost=RHOST)
    assert (explained['end'], explained['user'], explained['service'], explained['rhost']) == (
        'let-in', 'ada', 'sshd', RHOST)
    assert set(steps(explained).values()) == {'ok'}
    assert {'name', 'nss', 'socket', 'tokend', 'state', 'uid', 'throttle', 'password', 'login', 'auth',
            'account'} == set(steps(explained))
    assert daemon.request('GET', '/healthz').json()['logins'] == 0, 'its login is gone'
    assert daemon.ctl_json('token', 'list', '--user=ada')['tokens'] == []
    done = daemon.ctl('login', 'ada', '--explain', '--password-file=-', input='correct horse')
    assert done.stdout.endswith('\n\nlet in by tokend\n')


def test_a_wrong_password(daemon):
    explained = explain(daemon, 'ada', 'wrong', 1)
    assert (explained['end'], explained['reason']) == ('refused', 'wrong-password')
    assert steps(explained)['password'] == 'failure'
    done = daemon.ctl('login', 'ada', '--explain', '--password-file=-', input='wrong', check=False)
    assert done.returncode == 1 and done.stdout.endswith('\n\nrefused: wrong-password\n')


def test_too_many_failures(daemon):
    for _ in range(6):
        daemon.grant('ada', 'wrong', form={'service': 'sshd', 'rhost': RHOST})
    explained = explain(daemon, 'ada', code=1, rhost=RHOST)
    assert (explained['end'], explained['reason']) == ('refused', 'too-many-failures')
    assert explain(daemon, 'ada', rhost='192.0.2.8')['end'] == 'let-in', 'from elsewhere nobody waits'


@pytest.mark.parametrize('state, reason', [('locked', 'user-locked')])
def test_states(daemon, state, reason):
    daemon.ctl('user', 'lock', 'ada')
    explained = explain(daemon, 'ada', code=1)
    assert (explained['end'], explained['reason']) == ('refused', reason)


def test_expiry(daemon):
    daemon.ctl('user', 'set', 'ada', '--expires=2001-01-01')
    assert explain(daemon, 'ada', code=1)['reason'] == 'user-expired'
    daemon.ctl('user', 'set', 'ada', '--expires=2099-01-01')
    explained = explain(daemon, 'ada')
    assert explained['end'] == 'let-in' and steps(explained)['expiry'] == 'note'


def test_a_password_that_must_change(daemon):
    daemon.ctl('user', 'set', 'ada', '--state=password-must-change')
    explained = explain(daemon, 'ada')
    assert explained['end'] == 'let-in'
    assert any(step.get('reason') == 'password-must-change' for step in explained['steps'])


def test_local_users(daemon):
    explained = explain(daemon, 'root')
    assert explained['end'] == 'left-to-pam_unix'
    with ssh.local_user('brian', 'a local password'):
        explained = explain(daemon, 'brian')
        assert explained['end'] == 'left-to-pam_unix' and 'password' not in steps(explained)


SU_ROOTOK = 'auth sufficient pam_rootok.so\n'


def test_su_of_debian(daemon):
    """Its first line is a yes to root alone, and to nobody who is asked for a password."""
    lines = (system.ROOT / 'pam/snippets/su').read_text().replace('pam_tokend.so', f'pam_tokend.so socket={daemon.socket}')
    with changed('/etc/pam.d/su', SU_ROOTOK + lines):
        assert explain(daemon, 'ada', service='su')['end'] == 'let-in'
        explained = explain(daemon, 'ada', 'wrong', 1, service='su')
        assert (explained['end'], explained['reason']) == ('refused', 'wrong-password')
    with changed('/etc/pam.d/su', SU_ROOTOK + '@include common-auth\n@include common-account\n'):
        assert explain(daemon, 'ada', code=1, service='su')['end'] == 'refused', 'nobody asks tokend'
    with changed('/etc/pam.d/su', lines + 'auth sufficient pam_ldap.so\n'):
        daemon.ctl('throttle', 'clear', '--all')
        assert explain(daemon, 'ada', service='su')['end'] == 'let-in'
    with changed('/etc/pam.d/su', 'auth sufficient pam_ldap.so\n' + lines):
        assert explain(daemon, 'ada', service='su')['end'] == 'let-in', 'by the one or the other'
        assert explain(daemon, 'ada', 'wrong', 1, service='su')['end'] == 'unknown'


def test_where_the_module_asks(daemon):
    """Without --socket= it is the line's."""
    with changed('/etc/pam.d/su', f'auth required pam_tokend.so socket={daemon.socket}\n'
                                  f'account required pam_tokend.so socket={daemon.socket}\n'):
        done = subprocess.run([system.TOKENCTL, '--json', 'login', 'ada', '--explain', '--service=su', '--password-file=-'],
                              input='correct horse', capture_output=True, text=True, timeout=system.PATIENCE)
    assert (done.returncode, json.loads(done.stdout)['end']) == (0, 'let-in'), (done.stdout, done.stderr)


def test_a_look_uses_no_token_up(daemon):
    daemon.add_user('eve', home='/', shell='/bin/sh', scopes='login')
    token = daemon.ctl_json('token', 'issue', '--user=eve', '--scopes=login')['access_token']
    line = f'pam_tokend.so accept=token one_time_token socket={daemon.socket}\n'
    with changed('/etc/pam.d/su', f'auth required {line}account required {line}'):
        for _ in range(2):
            assert explain(daemon, 'eve', token, service='su')['end'] == 'let-in'


@pytest.mark.foreign
def test_skip_local_of_one_line(daemon):
    """As pam-auth-update writes them: a local password lets in whom tokend has locked."""
    module = f'pam_tokend.so nodelay socket={daemon.socket}'
    stack = ('auth [success=2 default=ignore] pam_unix.so nodelay\n'
             f'auth [success=1 default=ignore] {module} use_first_pass\n'
             'auth requisite pam_deny.so\nauth required pam_permit.so\naccount required pam_unix.so\n'
             f'account [success=ok new_authtok_reqd=ok user_unknown=ignore default=bad] {module}')
    with ssh.local_user('brian', 'a local password'):
        daemon.add_user('brian')
        daemon.ctl('user', 'lock', 'brian')
        for option, end, code in [(' skip_local', 'left-to-pam_unix', 0), ('', 'refused', 1)]:
            with changed(SSHD_PAM, stack + option + '\n'):
                assert explain(daemon, 'brian', 'a local password', code)['end'] == end
                assert pamtester('brian', 'a local password') == (code == 0)


def test_nobody(daemon):
    assert explain(daemon, 'nobody-at-all', code=1)['reason'] == 'not-known-to-nss'
    assert explain(daemon, '../etc', code=1)['reason'] == 'invalid-name'
    assert daemon.ctl('login', 'ada', '--explain', '--service=../x', check=False).returncode == 2
    assert daemon.ctl('login', 'ada', '--rhost=x', check=False).returncode == 2


def test_tokend_is_away(daemon):
    """Of a user whom NSS knows by itself; ada would not exist without tokend."""
    with ssh.local_user('brian', 'a local password'):
        daemon.add_user('brian')
        daemon.kill()
        explained = explain(daemon, 'brian')
        assert explained['end'] == 'left-to-pam_unix' and steps(explained)['socket'] == 'failure'
        with changed(SSHD_PAM, re.sub(r'^auth\s+\[.*?\]', 'auth required', SSHD_PAM.read_text(), flags=re.M)):
            explained = explain(daemon, 'brian', code=1)
            assert (explained['end'], explained['reason']) == ('refused', 'daemon-unreachable')


def test_as_somebody_else_it_says_what_it_can(daemon):
    done = daemon.ctl('--json', 'login', 'ada', '--explain', uid=70000, check=False)
    assert done.returncode == 1 and 'only root' in done.stderr
    explained = json.loads(done.stdout)
    assert explained['end'] == 'unknown'
    assert steps(explained)['tokend'] == 'ok' and steps(explained)['password'] == 'note'


def pamtester(user, password):
    done = subprocess.run(['pamtester', 'sshd', user, 'authenticate', 'acct_mgmt'], input=password + '\n',
                          capture_output=True, text=True, timeout=system.PATIENCE)
    return done.returncode == 0


@pytest.mark.foreign
@pytest.mark.parametrize('auth', ['[success=done default=ignore]', 'sufficient', 'required', 'requisite', 'optional',
                                  '[success=ok user_unknown=ignore default=die]', '[success=1 default=ignore]',
                                  '[success=2 default=ignore]', '[default=ignore]', '[success=die default=ok]'])
@pytest.mark.parametrize('account', ['required', '[success=ok user_unknown=ignore default=bad]', 'sufficient'])
def test_as_libpam_does_it(daemon, auth, account):
    """The end that is told is the one that pamtester sees, whatever the controls are."""
    module = f'pam_tokend.so nodelay socket={daemon.socket}'
    stack = (f'auth {auth} {module}\nauth [success=1 default=ignore] pam_unix.so nodelay try_first_pass\n'
             'auth requisite pam_deny.so\nauth required pam_permit.so\n'
             f'account {account} {module}\naccount required pam_permit.so\n')
    with ssh.local_user('brian', 'a local password'), changed(SSHD_PAM, stack):
        for user, password in [('ada', 'correct horse'), ('ada', 'wrong'), ('brian', 'a local password')]:
            daemon.ctl('throttle', 'clear', '--all')
            done = daemon.ctl('--json', 'login', user, '--explain', '--password-file=-', input=password, check=False)
            end = json.loads(done.stdout)['end']
            daemon.ctl('throttle', 'clear', '--all')
            assert (end != 'refused') == pamtester(user, password), (user, password, end, done.stdout)
