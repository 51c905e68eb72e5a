"""Logins through PAM: pamtester, the real sshd by both methods, and what the session gets."""

import os
import pathlib
import re
import subprocess

import pytest

import sshd as ssh
import stack as stacks
import tokend as system

pytestmark = pytest.mark.root

PASSWORD = 'correct horse & battery = 100% "staple" + \\ ü'


@pytest.fixture
def stack(folder, make_tokend):
    """tokend with userdb, the shipped PAM lines pointing at it, ada, and a local user."""
    daemon = make_tokend({'Daemon': {'Userdb': '/run/systemd/userdb/org.tokend'}})
    daemon.start(arguments=[f'--userdb-program={system.USERDB}'])
    daemon.add_user('ada', PASSWORD, groups='users')
    service = ssh.PamService(daemon.socket)
    yield daemon, service
    service.remove()


@pytest.fixture
def sshd(folder, stack):
    server = ssh.Sshd(folder, stack[1])
    yield server
    server.stop()


def test_pamtester(stack):
    daemon, service = stack
    done = service.pamtester('ada', PASSWORD, 'authenticate', 'acct_mgmt', 'setcred', 'open_session', 'close_session')
    assert done.returncode == 0, done
    assert daemon.ctl_json('token', 'list')['tokens'] == []


def test_pamtester_refuses_a_wrong_password(stack):
    daemon, service = stack
    for wrong in (PASSWORD[:-1], PASSWORD + ' '):
        done = service.pamtester('ada', wrong, 'authenticate')
        assert done.returncode != 0, (wrong, done)
    assert daemon.ctl_json('token', 'list')['tokens'] == []


@pytest.mark.parametrize('method', ['password', 'keyboard-interactive'])
def test_sshd(stack, sshd, method):
    done = sshd.login('ada', PASSWORD, method, 'id; env; cat /proc/$$/environ | tr "\\0" "\\n"')
    assert done.returncode == 0, (done, sshd.log())
    assert re.search(r'uid=7\d{4}\(ada\) gid=7\d{4}\(ada\) groups=7\d{4}\(ada\),100\(users\)', done.stdout)
    assert re.search(r'^TOKEND_LOGIN=[0-9a-f]{32}$', done.stdout, re.M)
    assert not re.search(r'[0-9a-f]{64}', done.stdout)
    assert {line.split('=')[0] for line in done.stdout.splitlines() if 'TOKEND' in line} == {'TOKEND_LOGIN'}
    system.wait_for(lambda: stack[0].ctl_json('token', 'list')['tokens'] == [], 'the session closes its login')


@pytest.mark.parametrize('method', ['password', 'keyboard-interactive'])
def test_sshd_refuses_a_wrong_password(stack, sshd, method):
    done = sshd.login('ada', PASSWORD + 'x', method, 'id')
    assert done.returncode == 255
    assert 'Permission denied' in done.stderr
    assert stack[0].ctl_json('token', 'list')['tokens'] == []
    assert 'reason=wrong-password' in stack[0].output()


def test_sshd_user_that_nobody_knows(stack, sshd):
    daemon, _ = stack
    done = sshd.login('nobody-knows', 'some password', 'password', 'id')
    assert done.returncode == 255
    system.wait_for(lambda: 'not-known-to-nss' in daemon.output(), 'the junk password is recognised')
    assert 'nobody-knows' not in daemon.output()


def test_login_while_open_is_listed_and_closed(stack, sshd):
    daemon, _ = stack
    session = sshd.open('ada', PASSWORD, 'password', 'echo $TOKEND_LOGIN; read x')
    login = session.stdout.readline().strip()
    assert re.fullmatch('[0-9a-f]{32}', login)
    listed = daemon.ctl_json('token', 'list')['tokens']
    assert [token['id'] for token in listed] == [login]
    assert listed[0]['service'] == 'sshd-tokend-test' and listed[0]['rhost'] == '127.0.0.1'
    assert daemon.ctl_json('status')['logins'] == 1
    session.communicate('go\n', timeout=system.PATIENCE)
    system.wait_for(lambda: daemon.ctl_json('status')['logins'] == 0, 'the login ends with the session')


def test_rewritten_login_variable(stack, sshd, folder):
    """Threat 53: the user's own value ends nobody else's login and keeps none of its own alive."""
    daemon, _ = stack
    daemon.add_user('eve', 'eves password')
    other = sshd.open('ada', PASSWORD, 'password', 'echo $TOKEND_LOGIN; read x')
    others_login = other.stdout.readline().strip()
    home = '/home/eve'
    os.makedirs(home, exist_ok=True)
    with open(f'{home}/.pam_environment', 'w') as file:
        file.write(f'TOKEND_LOGIN={others_login}\n')
    subprocess.run(['chown', '-R', 'eve:', home], check=True)
    done = sshd.login('eve', 'eves password', 'password', 'true')
    assert done.returncode == 0, (done, sshd.log())
    system.wait_for(lambda: [t['id'] for t in daemon.ctl_json('token', 'list')['tokens']] == [others_login],
                    "only ada's login is left")
    other.communicate('go\n', timeout=system.PATIENCE)


def test_locked_user(stack, sshd):
    daemon, service = stack
    daemon.ctl('user', 'lock', 'ada')
    assert sshd.login('ada', PASSWORD, 'password', 'id').returncode == 255
    assert 'reason=user-locked' in daemon.output()
    assert service.pamtester('ada', PASSWORD, 'acct_mgmt').returncode != 0
    daemon.ctl('user', 'unlock', 'ada')
    assert sshd.login('ada', PASSWORD, 'password', 'id').returncode == 0


def test_local_user_with_the_daemon_down(stack, sshd):
    """Threats 3 and 4: pam_unix decides alone, with the daemon stopped and with it hung."""
    daemon, service = stack
    with ssh.local_user('local-user', 'local password'):
        assert sshd.login('local-user', 'local password', 'password', 'id').returncode == 0, sshd.log()
        daemon.process.send_signal(system.signal.SIGSTOP)
        done = service.pamtester('local-user', 'local password', 'authenticate', 'acct_mgmt', 'setcred',
                                 'open_session', 'close_session')
        assert done.returncode == 0, done
        daemon.process.send_signal(system.signal.SIGCONT)
        daemon.stop()
        for method in ('password', 'keyboard-interactive'):
            assert sshd.login('local-user', 'local password', method, 'id').returncode == 0, sshd.log()
            assert sshd.login('local-user', 'wrong', method, 'id').returncode == 255
        assert sshd.login('ada', PASSWORD, 'password', 'id').returncode == 255


def test_daemon_killed_between_authenticate_and_setcred(stack, sshd):
    """Threat 5: sshd would call fatal() on an error of setcred."""
    daemon, service = stack
    driver = service.driver('ada', PASSWORD)
    driver.expect_ok('authenticate')
    daemon.kill()
    driver.expect_ok('setcred')
    driver.close()


@pytest.fixture
def published(make_tokend):
    """A tokend that tells the module of its users where the module looks, and lines that wait for it for longer
    than any test: who waits fails."""
    folder = pathlib.Path('/run/tokend/userdb')
    folder.mkdir(parents=True, exist_ok=True)
    socket = folder.parent / 'tokend.sock'
    daemon = make_tokend({'Daemon': {'Socket': socket, 'Userdb': stacks.USERDB_SOCKET,
                                     'UserdbSnapshot': folder / 'snapshot'}})
    daemon.socket = socket
    daemon.start(arguments=[f'--userdb-program={system.USERDB}'])
    service = ssh.PamService(daemon.socket, stacks.NEVER)
    yield daemon, service
    service.remove()
    (folder / 'snapshot').unlink(missing_ok=True)


def test_hung_daemon_delays_no_local_user(published, folder):
    """Threat 54: id(1) and a login of a local user go on while tokend stands still."""
    daemon, service = published
    server = ssh.Sshd(folder, service)
    daemon.add_user('ada', PASSWORD)
    try:
        with ssh.local_user('local-user', 'local password'), stacks.hung(daemon):
            for command in (['id', 'daemon'], ['getent', 'passwd', 'ada'], ['id', 'ada']):
                done = subprocess.run(command, capture_output=True, timeout=5)
                assert done.returncode == 0, done
            for method in ('password', 'keyboard-interactive'):
                done = server.login('local-user', 'local password', method, 'id -un')
                assert done.stdout == 'local-user\n', server.log()
                assert server.login('local-user', 'wrong', method, 'id').returncode == 255
    finally:
        server.stop()


def test_local_user_whom_tokend_has_is_asked_about(published):
    daemon, service = published
    steps = 'authenticate', 'acct_mgmt'
    with ssh.local_user('local-user', 'local password'):
        assert service.pamtester('local-user', PASSWORD, *steps).returncode != 0
        daemon.add_user('local-user', PASSWORD)
        assert service.pamtester('local-user', PASSWORD, *steps).returncode == 0
        assert service.pamtester('local-user', 'local password', *steps).returncode == 0
        daemon.ctl('user', 'lock', 'local-user')
        assert service.pamtester('local-user', 'local password', *steps).returncode != 0
        daemon.ctl('user', 'remove', 'local-user')
        assert service.pamtester('local-user', PASSWORD, *steps).returncode != 0
        assert service.pamtester('local-user', 'local password', *steps).returncode == 0


def test_old_snapshot_is_not_believed(published):
    """A list that nobody keeps any more would throw tokend's no away."""
    daemon, service = published
    snapshot = pathlib.Path(daemon.config['Daemon']['UserdbSnapshot'])
    before = snapshot.read_bytes()
    with ssh.local_user('local-user', 'local password'):
        daemon.stop()
        daemon.config['Daemon']['Userdb'] = ''
        daemon.start()
        daemon.add_user('local-user', PASSWORD)
        daemon.ctl('user', 'lock', 'local-user')
        assert service.pamtester('local-user', 'local password', 'acct_mgmt').returncode != 0
        # another tokend's list, on another socket
        snapshot.write_bytes(before)
        assert service.pamtester('local-user', 'local password', 'acct_mgmt').returncode == 0
        service.path.write_text(service.path.read_text().replace(f'socket={daemon.socket}', f'socket=/run/../{daemon.socket}'))
        assert service.pamtester('local-user', 'local password', 'acct_mgmt').returncode != 0
