"""The store's promises seen from outside: the reply comes after the commit, commits are shared, and
what was acknowledged survives kill -9 (design.md, check 1)."""

import os
import sqlite3
import threading
import time

import pytest

import tokend as system

pytestmark = pytest.mark.sanitize

PAUSE_MSEC = 300
PARALLEL = 64


def syncs(path):
    """(enter, leave) of each fdatasync, in ns of the monotonic clock."""
    times = [int(line.split()[-1]) for line in open(path) if 'fdatasync' in line]
    return list(zip(times[0::2], times[1::2]))


def issue_in_parallel(daemon, n):
    """n tokens at once; [(status, ns when the reply's first byte had come)]."""
    results = []
    start = threading.Barrier(n)

    def issue():
        connection = system.UnixConnection(daemon.socket)
        connection.connect()
        start.wait()
        connection.request('POST', '/v1/tokens', '{"user":"ada"}', {'Content-Type': 'application/json'})
        status = connection.getresponse().status
        results.append((status, time.monotonic_ns()))
        connection.close()

    threads = [threading.Thread(target=issue) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(system.PATIENCE)
    return results


@pytest.fixture
def slow(make_tokend, folder):
    """A daemon with ada whose fdatasync can be made slow: SLOW_FDATASYNC_MSEC is set at a restart."""
    log = os.path.join(folder, 'syncs')
    fail = os.path.join(folder, 'fail')
    daemon = make_tokend(env=system.preload(system.SLOW_FDATASYNC, SLOW_FDATASYNC_LOG=log,
                                            SLOW_FDATASYNC_FAIL_FILE=fail)).start()
    daemon.add_user('ada')
    daemon.stop()
    daemon.env['SLOW_FDATASYNC_MSEC'] = str(PAUSE_MSEC)
    daemon.start()
    os.truncate(log, 0)
    return daemon, log, fail


def test_no_reply_before_the_sync_returns(slow):
    daemon, log, _ = slow
    asked = time.monotonic_ns()
    assert daemon.request('POST', '/v1/tokens', body={'user': 'ada'}).status == 201
    answered = time.monotonic_ns()
    assert any(asked < enter and leave < answered for enter, leave in syncs(log))


def test_parallel_issues_share_commits(slow):
    daemon, log, _ = slow
    results = issue_in_parallel(daemon, PARALLEL)
    assert [status for status, _ in results] == [201] * PARALLEL
    assert len(syncs(log)) <= 4
    first_sync_ended = syncs(log)[0][1]
    assert all(answered > first_sync_ended for _, answered in results)


def test_a_failing_sync_acknowledges_nothing(slow):
    daemon, log, fail = slow
    before = daemon.request('POST', '/v1/tokens', body={'user': 'ada'}).json()['access_token']
    open(fail, 'w').close()
    results = issue_in_parallel(daemon, PARALLEL)
    assert [status for status, _ in results] == [503] * PARALLEL
    # what is alive stays known, and everything works again when the disk does
    assert daemon.is_active(before)
    os.unlink(fail)
    after = daemon.request('POST', '/v1/tokens', body={'user': 'ada'})
    assert after.status == 201
    assert daemon.is_active(after.json()['access_token'])
    assert len(daemon.ctl_json('token', 'list')['tokens']) == 2


def test_right_password_logs_in_while_the_store_fails(slow):
    """Threat 47: a PAM login succeeds without a token, every other issue is refused."""
    daemon, _, fail = slow
    open(fail, 'w').close()
    login = daemon.grant('ada', form={'service': 'sshd'})
    assert login.status == 200
    assert login.json()['reason'] == 'store-unavailable'
    assert 'access_token' not in login.json() and 'id' not in login.json()
    assert daemon.grant('ada', 'wrong', form={'service': 'sshd'}).json()['reason'] == 'wrong-password'
    assert daemon.grant('ada').status == 503
    assert 'Input/output error' in daemon.output()
    os.unlink(fail)
    assert 'access_token' in daemon.grant('ada', form={'service': 'sshd'}).json()


def test_a_login_without_its_token_waits_for_no_disk(slow):
    """The module wants no token: a right password is answered while the commit, which fails, is under way."""
    daemon, _, fail = slow
    open(fail, 'w').close()
    login = daemon.grant('ada', form={'service': 'sshd', 'login_only': '1'})
    assert login.status == 200 and 'reason' not in login.json() and 'access_token' not in login.json()
    assert login.json()['login'] == login.json()['id']
    system.wait_for(lambda: 'logged in without a token: ada' in daemon.output(), 'the journal says that it is not kept')
    # from then on tokend knows that there is no token to be had
    assert daemon.grant('ada', form={'service': 'sshd', 'login_only': '1'}).json()['reason'] == 'store-unavailable'
    os.unlink(fail)
    opened = daemon.request('POST', '/v1/logins', form={'user': 'ada', 'login': login.json()['login']})
    assert opened.status == 200 and opened.json()['login'] != login.json()['login']
    assert daemon.ctl_json('status')['logins'] == 1


def test_kill_9_keeps_what_was_acknowledged(make_tokend):
    daemon = make_tokend().start()
    daemon.add_user('ada')
    for _ in range(5):
        issued = daemon.ctl_json('token', 'issue', '--user=ada')
        revoked = daemon.ctl_json('token', 'issue', '--user=ada')
        daemon.ctl('token', 'revoke', revoked['id'])
        daemon.kill()
        assert sqlite3.connect(daemon.database).execute('PRAGMA integrity_check').fetchall() == [('ok',)]
        daemon.start()
        assert daemon.is_active(issued['access_token'])
        assert daemon.introspect(revoked['access_token']) == {'active': False}


def test_kill_9_while_writing(make_tokend):
    """Threat 45, a short run: whatever had been answered holds after the restart."""
    daemon = make_tokend().start()
    daemon.add_user('ada')
    alive, dead = [], []

    def write(stop):
        while not stop.is_set():
            try:
                first = daemon.request('POST', '/v1/tokens', body={'user': 'ada'}).json()
                second = daemon.request('POST', '/v1/tokens', body={'user': 'ada'}).json()
                alive.append(first['access_token'])
                if daemon.request('DELETE', f'/v1/tokens/{second["id"]}').status == 200:
                    dead.append(second['access_token'])
            except (OSError, ValueError, KeyError, system.http.client.HTTPException):
                return

    for turn in range(int(os.environ.get('TOKEND_CRASHES', 5))):
        stop = threading.Event()
        writers = [threading.Thread(target=write, args=(stop,)) for _ in range(8)]
        for writer in writers:
            writer.start()
        time.sleep(0.05 + 0.03 * (turn % 5))
        daemon.kill()
        stop.set()
        for writer in writers:
            writer.join()
        daemon.start()
    assert alive and dead
    assert all(daemon.is_active(token) for token in alive)
    assert not any(daemon.is_active(token) for token in dead)
    assert sqlite3.connect(daemon.database).execute('PRAGMA integrity_check').fetchall() == [('ok',)]


def test_second_daemon_refuses_the_store(make_tokend):
    first = make_tokend().start()
    second = make_tokend({'Daemon': {'Store': f'sqlite:{first.database}'}}, name='second')
    second.start(wait=False)
    assert second.process.popen.wait(system.PATIENCE) == 1
    assert str(first.database) in second.output()
    second.stop()
    second.process = None
    assert first.request('GET', '/healthz').status == 200


def test_damaged_database_is_kept(make_tokend):
    """Threat 48: a file that forgets revocations is never made again."""
    daemon = make_tokend().start()
    daemon.add_user('ada')
    daemon.stop()
    rubbish = b'not a database, but somebody may mend it' * 200
    daemon.database.write_bytes(rubbish)
    daemon.start(wait=False)
    assert daemon.process.popen.wait(system.PATIENCE) == 1
    assert str(daemon.database) in daemon.output()
    assert daemon.database.read_bytes() == rubbish
    daemon.stop()
