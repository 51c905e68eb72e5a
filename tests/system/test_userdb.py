"""Users that exist only in tokend, as the machine sees them: NSS through the stock nss-systemd."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest

import sshd as ssh
import tokend as system

pytestmark = [pytest.mark.root, pytest.mark.sanitize]

SOCKET = '/run/systemd/userdb/org.tokend'


def start(daemon):
    return daemon.start(arguments=[f'--userdb-program={system.USERDB}'])


@pytest.fixture
def daemon(make_tokend):
    return start(make_tokend({'Daemon': {'Userdb': SOCKET}}))


def getent(database, *keys):
    """The fields of each entry; [] for none."""
    done = subprocess.run(['getent', database, *map(str, keys)], capture_output=True, text=True,
                          timeout=system.PATIENCE)
    assert done.returncode in (0, 2), done
    return [line.split(':') for line in done.stdout.splitlines()]


def passwd_of(name):
    """(name, uid, gid, home, shell)"""
    (found,) = getent('passwd', name)
    return found[0], int(found[2]), int(found[3]), found[5], found[6]


def ask(method, **parameters):
    """What tokend-userdb itself answers, over Varlink."""
    message = {'method': f'io.systemd.UserDatabase.{method}', 'more': True,
               'parameters': {'service': 'org.tokend', **parameters}}
    answers = []
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(system.PATIENCE)
        s.connect(SOCKET)
        s.sendall(json.dumps(message).encode() + b'\0')
        text = b''
        while True:
            text += s.recv(65536)
            *complete, text = text.split(b'\0')
            answers += map(json.loads, complete)
            if answers and not answers[-1].get('continues'):
                return answers


def child_of(daemon):
    """The id of tokend-userdb; None while there is none."""
    pid = daemon.process.pid
    children = pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split()
    return int(children[0]) if children else None


def test_a_user_by_name_and_by_uid(daemon):
    ada = daemon.add_user('ada', shell='/bin/sh', home='/srv/ada')
    expected = 'ada', ada['uid'], ada['gid'], '/srv/ada', '/bin/sh'
    assert passwd_of('ada') == expected
    assert passwd_of(ada['uid']) == expected
    assert ada['uid'] == ada['gid'] and 70000 <= ada['uid'] <= 99999
    assert getent('passwd', 'ADA') == getent('passwd', 'ad') == getent('passwd', ada['uid'] + 1) == []


def test_a_group_of_its_own(daemon):
    ada = daemon.add_user('ada')
    (by_name,) = getent('group', 'ada')
    (by_gid,) = getent('group', ada['gid'])
    assert by_name == by_gid
    assert (by_name[0], int(by_name[2])) == ('ada', ada['gid'])


def test_supplementary_groups(daemon):
    daemon.add_user('ada', groups='users,games')
    daemon.add_user('bob')
    groups = {name: subprocess.run(['id', '-Gn', name], capture_output=True, text=True).stdout.split()
              for name in ('ada', 'bob')}
    assert groups['ada'][0] == 'ada' and sorted(groups['ada']) == ['ada', 'games', 'users']
    assert groups['bob'] == ['bob']
    done = daemon.ctl('user', 'add', 'carol', '--groups=no-such-group', '--password-file=-', input='x', check=False)
    assert done.returncode == 1 and 'group-unknown' in done.stderr
    assert getent('passwd', 'carol') == []


def test_enumeration(daemon):
    names = [f'user{number}' for number in range(20)]
    for name in names:
        daemon.add_user(name)
    listed = [entry[0] for entry in getent('passwd')]
    assert sorted(set(listed) & set(names)) == sorted(names)
    assert len(listed) == len(set(listed)), 'nobody twice'
    assert set(names) <= {entry[0] for entry in getent('group')}


def test_visible_at_once_and_gone_at_once(daemon):
    for number in range(20):
        user = daemon.add_user(f'user{number}')
        assert passwd_of(f'user{number}')[1] == user['uid']
        daemon.ctl('user', 'remove', f'user{number}')
        assert getent('passwd', f'user{number}') == getent('passwd', user['uid']) == []
        assert getent('group', f'user{number}') == []


def test_a_local_user_is_adopted(daemon):
    with ssh.local_user('local-user', 'local password'):
        before = passwd_of('local-user')
        done = daemon.ctl('user', 'add', 'local-user', '--uid=88888', '--password-file=-', input='x', check=False)
        assert done.returncode == 1 and 'name-taken' in done.stderr
        user = daemon.add_user('local-user', shell='/bin/false', home='/elsewhere')
        assert user['adopted'] is True
        assert (user['name'], user['uid'], user['gid'], user['home'], user['shell']) == before
        assert passwd_of('local-user') == before
        assert [entry[0] for entry in getent('passwd')].count('local-user') == 1
        answer = ask('GetUserRecord', userName='local-user')
        assert answer[-1]['error'] == 'io.systemd.UserDatabase.NoRecordFound'
        daemon.add_user('ada')
        assert ask('GetUserRecord', userName='ada')[-1]['parameters']['record']['userName'] == 'ada'
        assert {a['parameters']['record']['userName'] for a in ask('GetUserRecord')} == {'ada'}
        daemon.ctl('user', 'remove', 'local-user')
        assert passwd_of('local-user') == before


def test_root_is_not_adopted(daemon):
    done = daemon.ctl('user', 'add', 'root', '--password-file=-', input='x', check=False)
    assert done.returncode == 1 and 'uid-not-permitted' in done.stderr


def test_nobody_is_not_adopted(daemon):
    done = daemon.ctl('user', 'add', 'nobody', '--password-file=-', input='x', check=False)
    assert done.returncode == 1 and 'uid-not-permitted' in done.stderr
    assert daemon.add_user('games')['adopted'] is True, 'one of the machine may be somebody'


def test_a_group_of_that_name_is_in_the_way(daemon):
    done = daemon.ctl('user', 'add', 'sudo', '--password-file=-', input='x', check=False)
    assert done.returncode == 1 and 'name-taken' in done.stderr


def test_uids_that_others_have(daemon):
    ada = daemon.add_user('ada')
    with ssh.local_user('local-user', 'local password'):
        for uid in (ada['uid'], passwd_of('local-user')[1]):
            done = daemon.ctl('user', 'add', 'bob', f'--uid={uid}', '--password-file=-', input='x', check=False)
            assert done.returncode == 1 and 'uid-taken' in done.stderr, (uid, done)
    for uid in (0, passwd_of('daemon')[1], 61184, 65519, 65534, 65535, 2 ** 31, 2 ** 32 - 1):
        done = daemon.ctl('user', 'add', 'bob', f'--uid={uid}', '--password-file=-', input='x', check=False)
        assert done.returncode == 1, (uid, done)
    assert getent('passwd', 'bob') == []
    assert daemon.add_user('bob', uid=5555)['uid'] == 5555
    assert passwd_of(5555)[0] == 'bob'


def test_uids_are_never_given_twice(daemon):
    given = []
    for number in range(4):
        given.append(daemon.add_user(f'user{number}')['uid'])
        daemon.ctl('user', 'remove', f'user{number}')
    daemon.stop()
    start(daemon)
    given.append(daemon.add_user('last')['uid'])
    assert given == sorted(set(given))


def test_uids_of_the_machine_in_the_range_are_left_out(make_tokend):
    daemon = start(make_tokend({'Daemon': {'Userdb': SOCKET, 'UidRange': '70000-70002'}}))
    subprocess.run(['useradd', '--uid=70001', 'local-user'], check=True)
    try:
        assert [daemon.add_user(name)['uid'] for name in ('ada', 'bob')] == [70000, 70002]
        done = daemon.ctl('user', 'add', 'carol', '--password-file=-', input='x', check=False)
        assert done.returncode == 1 and 'uid-range-exhausted' in done.stderr
    finally:
        subprocess.run(['userdel', 'local-user'], check=True)


@pytest.mark.parametrize('reloaded', [False, True], ids=['as started', 'after a reload'])
def test_tokend_userdb_is_started_again(daemon, reloaded):
    ada = daemon.add_user('ada')
    if reloaded:
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_notification('RELOADING=1')
        daemon.wait_notification('READY=1')
    for _ in range(2):
        old = child_of(daemon)
        os.kill(old, signal.SIGKILL)
        system.wait_for(lambda: child_of(daemon) not in (None, old), 'another tokend-userdb')
        system.wait_for(lambda: [e[2] for e in getent('passwd', 'ada')] == [str(ada['uid'])], 'ada is known again')


def test_tokend_userdb_ends_with_tokend(daemon):
    child = child_of(daemon)
    daemon.kill()
    system.wait_for(lambda: is_gone(child), 'it ends')
    system.wait_for(lambda: not os.path.exists(SOCKET), 'its socket goes')
    start(daemon)
    daemon.add_user('ada')
    assert getent('passwd', 'ada')
    assert daemon.stop() == 0
    assert not os.path.exists(SOCKET), 'a dead socket would be an error to NSS'


def is_gone(pid):
    try:
        return pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0] == 'Z'
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_users_are_known_when_it_is_ready(daemon):
    daemon.add_user('ada')
    daemon.stop()
    assert getent('passwd', 'ada') == []
    start(daemon)
    assert getent('passwd', 'ada')


def test_a_hung_tokend_delays_nobody(daemon):
    """Threat 54. A hung tokend-userdb is another matter: it is small so that it does not hang."""
    ada = daemon.add_user('ada', groups='users')
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        assert subprocess.run(['id', 'daemon'], capture_output=True, timeout=system.PATIENCE / 3).returncode == 0
        assert passwd_of('ada')[1] == ada['uid']
        assert passwd_of(ada['uid'])[0] == 'ada'
        assert getent('passwd', 'nobody-knows') == []
        groups = subprocess.run(['id', '-Gn', 'ada'], capture_output=True, text=True, timeout=system.PATIENCE)
        assert groups.stdout.split() == ['ada', 'users']
    finally:
        daemon.process.send_signal(signal.SIGCONT)


def test_everybody_may_ask_and_nobody_sees_hashes(daemon):
    daemon.add_user('ada', email='ada@example.org')
    done = subprocess.run(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'getent', 'passwd', 'ada'],
                          capture_output=True, text=True, timeout=system.PATIENCE)
    assert done.returncode == 0
    snapshot = pathlib.Path(daemon.config['Daemon']['UserdbSnapshot']).read_text()
    answer = json.dumps(ask('GetUserRecord', userName='ada'))
    for text in (snapshot, answer, done.stdout):
        assert 'ada' in text and '$5$' not in text and 'example.org' not in text


def test_adding_users_asks_nothing_of_tokend_userdb(daemon):
    """The daemon's own questions to NSS leave it out: it would read all users again for each that comes."""
    daemon.add_user('ada')
    trace = pathlib.Path(daemon.folder) / 'trace'
    with subprocess.Popen(['strace', '-qq', '-e', 'trace=accept4', '-o', trace, '-p', str(child_of(daemon))]) as strace:
        system.wait_for(lambda: 'TracerPid:\t0' not in pathlib.Path(f'/proc/{child_of(daemon)}/status').read_text())
        try:
            for number in range(5):
                daemon.add_user(f'user{number}', groups='games,ada')
            assert 'accept4' not in trace.read_text()
            assert passwd_of('user4')[0] == 'user4'
            system.wait_for(lambda: 'accept4' in trace.read_text(), 'it is traced')
        finally:
            strace.terminate()


def test_the_folder_is_for_everybody_without_systemd_too(make_tokend, folder):
    """Made by a child of tokend's, whose umask is for secrets."""
    place = pathlib.Path(folder) / 'userdb'
    start(make_tokend({'Daemon': {'Userdb': place / 'org.tokend'}}))
    assert oct(place.stat().st_mode & 0o7777) == '0o755'
    assert oct((place / 'org.tokend').stat().st_mode & 0o777) == '0o666'


def test_nobody_vanishes_while_others_come(daemon):
    """Each change replaces the whole snapshot: a reader sees the one or the other."""
    ada = daemon.add_user('ada')
    seen = []
    over = threading.Event()

    def look():
        while not over.is_set():
            seen.append([entry[2] for entry in getent('passwd', 'ada')])

    thread = threading.Thread(target=look)
    thread.start()
    for number in range(30):
        daemon.add_user(f'user{number}')
    over.set()
    thread.join()
    assert len(seen) > 5 and set(map(tuple, seen)) == {(str(ada['uid']),)}


def add_users(daemon, names, **fields):
    """Many at once, over the socket."""
    for start_at in range(0, len(names), 50):
        requests = []
        for name in names[start_at:start_at + 50]:
            body = json.dumps({'name': name, **fields})
            requests.append(f'POST /v1/users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
                            f'Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}'.encode())
        answers = system.together(daemon.socket, requests)
        assert all(answer.startswith(b'HTTP/1.1 201') for answer in answers), answers[0]


def questions(*command):
    """The Varlink calls that a program sends to tokend-userdb, the bytes that come back, and the time it took."""
    with tempfile.NamedTemporaryFile('r') as trace:
        began = time.monotonic()
        done = subprocess.run(['strace', '-f', '-qq', '-y', '-s', '100', '-e', 'trace=connect,sendto,recvfrom', '-o',
                               trace.name, *command], capture_output=True, text=True, timeout=2 * system.PATIENCE)
        seconds = time.monotonic() - began
        assert done.returncode == 0, done
        lines = [line for line in trace if 'strace:' not in line]
    ours = set()
    sent, received = [], 0
    for line in lines:
        if match := re.search(r'connect\((\d+)\S*, .*sun_path="([^"]*)"', line):
            (ours.add if match[2] == SOCKET else ours.discard)(match[1])
        elif (match := re.search(r'(sendto|recvfrom)\((\d+)\S*, (.*)= (\d+)$', line)) and match[2] in ours:
            if match[1] == 'sendto':
                sent.append(re.search(r'UserDatabase\.(\w+)', match[3])[1])
            else:
                received += int(match[4])
    return sent, received, seconds


def test_thousands_of_users(daemon):
    """One question for one user, however many there are; and they are told one after the other."""
    daemon.add_user('ada', groups='users')
    few = {key: questions('getent', 'passwd', key)[:2] for key in ('ada', str(passwd_of('ada')[1]))}
    groups_of_few = questions('id', '-Gn', 'ada')[:2]

    names = [f'user{number:04}' for number in range(5000)]
    add_users(daemon, names, groups=['games'])
    for key, (calls, size) in few.items():
        assert questions('getent', 'passwd', key)[:2] == (calls, size)
        assert calls == ['GetUserRecord'] and size < 1000, (calls, size)
    calls, size = questions('id', '-Gn', 'ada')[:2]
    assert (calls, size) == groups_of_few and len(calls) < 8 and size < 5000, (calls, size)

    calls, size, seconds = questions('getent', 'passwd')
    print(f'5,000 users enumerated: {calls}, {size} bytes, {seconds:.2f} s under strace')
    assert calls == ['GetUserRecord'] and size < 500 * len(names)
    entries = {entry[0]: int(entry[2]) for entry in getent('passwd')}
    assert set(names) <= set(entries)
    uids = [entries[name] for name in names]
    assert len(set(uids)) == len(uids)
    for name in (names[0], names[2500], names[-1]):
        assert passwd_of(entries[name])[0] == name == passwd_of(name)[0]
        assert subprocess.run(['id', '-Gn', name], capture_output=True, text=True).stdout.split() == [name, 'games']
    assert getent('passwd', 'user5000') == []

    groups = getent('group')
    assert set(names) <= {entry[0] for entry in groups}
    assert members(groups, 'games') >= set(names)


def members(groups, name):
    """nss-systemd tells each membership in a group of the machine's as an entry of its own."""
    return {member for entry in groups if entry[0] == name for member in entry[3].split(',')} - {''}


def test_members_of_a_group_of_the_machine(daemon):
    """NSS asks tokend-userdb about users' groups and in the list of all groups; a group of /etc/group by
    name or gid is files' alone, with this and with every other userdb."""
    daemon.add_user('ada', groups='users,games')
    daemon.add_user('bob', groups='users')
    assert members(getent('group'), 'users') == {'ada', 'bob'}
    assert members(getent('group'), 'games') == {'ada'}
    daemon.ctl('user', 'remove', 'bob')
    assert members(getent('group'), 'users') == {'ada'}
    assert {answer['parameters']['userName'] for answer in ask('GetMemberships', groupName='users')} == {'ada'}


def test_sockets_are_there_before_users_are_looked_up():
    """Nobody asks NSS before the socket listens, and the target is pulled in."""
    lines = (system.ROOT / 'daemon/data/tokend-userdb.socket').read_text().splitlines()
    assert 'Wants=nss-user-lookup.target' in lines and 'DefaultDependencies=no' in lines
    assert [line for line in lines if line.startswith('Before=') and 'nss-user-lookup.target' in line.split('=')[1].split()]


def test_off_is_off(make_tokend):
    daemon = make_tokend().start()
    daemon.add_user('ada')
    assert getent('passwd', 'ada') == []
    assert child_of(daemon) is None and not os.path.exists(SOCKET)
