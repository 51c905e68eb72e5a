"""One budget of wrong passwords per user and remote host, over every door (threat 41), which outlives the
daemon, and which administrators see and clear."""

import contextlib
import sqlite3

import pytest

import tokend as system

pytestmark = [pytest.mark.root, pytest.mark.sanitize]

HERE = '127.0.0.1'


@pytest.fixture
def daemon(make_tokend):
    daemon = make_tokend({'Password': {'Throttle': 'yes'}}).start()
    daemon.add_user('ada')
    daemon.add_user('bob')
    return daemon


@pytest.fixture
def app(daemon):
    secret = daemon.ctl_json('client', 'add', 'app', '--grants=password')['client_secret']
    return {'client_id': 'app', 'client_secret': secret}


def by_sshd(daemon, user, password, rhost):
    return daemon.grant(user, password, form={'service': 'sshd', 'rhost': rhost})


def by_http(daemon, app, user, password):
    return daemon.grant(user, password, form=app, tcp=True)


def test_failures_in_sshd_count_for_http(daemon, app):
    for _ in range(3):
        assert by_sshd(daemon, 'ada', 'wrong', HERE).json()['reason'] == 'wrong-password'
    reply = by_http(daemon, app, 'ada', 'correct horse')
    assert reply.status == 429
    assert reply.json()['reason'] == 'too-many-failures'
    assert int(reply.headers['retry-after']) >= 1


def test_failures_over_http_count_for_sshd(daemon, app):
    for _ in range(3):
        assert by_http(daemon, app, 'ada', 'wrong').json()['reason'] == 'wrong-password'
    assert by_sshd(daemon, 'ada', 'correct horse', HERE).json()['reason'] == 'too-many-failures'


def test_nobody_else_is_locked_out(daemon, app):
    """Neither another user from there, nor that user from elsewhere or on the machine itself."""
    for _ in range(3):
        by_http(daemon, app, 'ada', 'wrong')
    assert by_http(daemon, app, 'bob', 'correct horse').status == 200
    assert by_sshd(daemon, 'ada', 'correct horse', '192.0.2.9').status == 200
    assert daemon.grant('ada').status == 200


def test_names_that_nobody_has_are_throttled_alike(daemon, app):
    answers = []
    for name in ('ada', 'nobody-of-this-name'):
        replies = [by_http(daemon, app, name, 'wrong') for _ in range(5)]
        answers.append([(reply.status, reply.json()['reason']) for reply in replies])
    assert answers[0] == answers[1]
    assert answers[0][-1] == (429, 'too-many-failures')


def test_the_delay_ends(daemon, app):
    for _ in range(3):
        by_http(daemon, app, 'ada', 'wrong')
    system.wait_for(lambda: by_http(daemon, app, 'ada', 'correct horse').status == 200, 'the delay ends')


def test_the_console_is_nobodys_from_afar(daemon, app):
    """Whatever comes from other machines, whoever sits at this one gets in."""
    for _ in range(3):
        by_http(daemon, app, 'ada', 'wrong')
        by_sshd(daemon, 'ada', 'wrong', 'console.example.org')
        by_sshd(daemon, 'ada', 'wrong', 'local')
        by_sshd(daemon, 'ada', 'wrong', 'uid:0')
    assert by_sshd(daemon, 'ada', 'correct horse', 'local').status == 429
    assert daemon.grant('ada', form={'service': 'login', 'tty': 'tty1'}).status == 200
    assert daemon.grant('ada').status == 200


def rows(daemon):
    """What the store has: {remote: failures}; another program that only reads may look at any time."""
    with contextlib.closing(sqlite3.connect(f'file:{daemon.database}?mode=ro', uri=True)) as database:
        return dict(database.execute('SELECT remote, n FROM failures'))


def listed(daemon, *arguments):
    return daemon.ctl_json('throttle', 'list', *arguments)['throttle']


def lengthen(daemon):
    """While it is stopped: as if there had been so many failures that the delay outlasts any test."""
    with contextlib.closing(sqlite3.connect(daemon.database)) as database:
        database.execute('UPDATE failures SET n = 13')
        database.commit()


def fail(daemon, user, remote, times=3):
    for _ in range(times):
        assert by_sshd(daemon, user, 'wrong', remote).json()['reason'] == 'wrong-password'


def test_a_restart_forgives_nobody(daemon, app):
    fail(daemon, 'ada', HERE)
    by_http(daemon, app, 'nobody-of-this-name', 'wrong')
    before = listed(daemon)
    assert daemon.stop() == 0
    assert rows(daemon)[HERE] in (1, 3)
    daemon.start()
    after = listed(daemon)
    assert sorted(entry['failures'] for entry in after) == [1, 3]
    assert {entry.get('user') for entry in after} == {'ada', None}
    for old, new in zip(*(sorted(entries, key=lambda entry: entry['failures']) for entries in (before, after))):
        assert abs(old['last'] - new['last']) <= 1
    # and counting goes on where it was
    system.wait_for(lambda: by_sshd(daemon, 'ada', 'wrong', HERE).status == 400, 'the delay ends')
    assert listed(daemon, '--user=ada')[0]['failures'] == 4


def test_still_refused_after_a_restart(daemon):
    fail(daemon, 'ada', '192.0.2.9')
    assert daemon.stop() == 0
    lengthen(daemon)
    daemon.start()
    reply = by_sshd(daemon, 'ada', 'correct horse', '192.0.2.9')
    assert reply.status == 429 and 800 < int(reply.headers['retry-after']) <= 900
    assert by_sshd(daemon, 'ada', 'correct horse', '192.0.2.8').status == 200
    # what was not touched since is still there after another one
    assert daemon.stop() == 0
    daemon.start()
    assert by_sshd(daemon, 'ada', 'correct horse', '192.0.2.9').status == 429


def test_killed_it_has_saved_all_but_the_last_second(daemon):
    fail(daemon, 'ada', '192.0.2.9')
    system.wait_for(lambda: rows(daemon) == {'192.0.2.9': 3}, 'the row is saved')
    daemon.kill()
    lengthen(daemon)
    daemon.start()
    assert listed(daemon)[0]['failures'] == 13
    assert by_sshd(daemon, 'ada', 'correct horse', '192.0.2.9').status == 429


def test_success_is_remembered_too(daemon):
    fail(daemon, 'ada', '192.0.2.9', times=2)
    system.wait_for(lambda: rows(daemon), 'the row is saved')
    assert by_sshd(daemon, 'ada', 'correct horse', '192.0.2.9').status == 200
    system.wait_for(lambda: not rows(daemon), 'the row is removed')
    assert daemon.stop() == 0
    daemon.start()
    assert listed(daemon) == []


def test_a_store_that_is_held_keeps_nobody_waiting(daemon):
    """Somebody else's write transaction: failures count, and are saved when it is over."""
    with contextlib.closing(sqlite3.connect(daemon.database)) as database:
        database.isolation_level = None
        database.execute('BEGIN IMMEDIATE')
        fail(daemon, 'ada', '192.0.2.9')
        assert by_sshd(daemon, 'ada', 'correct horse', '192.0.2.9').status == 429
        assert rows(daemon) == {}
        database.execute('ROLLBACK')
    system.wait_for(lambda: rows(daemon) == {'192.0.2.9': 3}, 'the row is saved')


def test_what_nobody_is_called_is_nowhere(daemon, app):
    """People type passwords where a name goes."""
    canary = 'Canary-41-typed-as-a-name'
    for _ in range(3):
        by_http(daemon, app, canary, 'wrong')
    assert by_http(daemon, app, canary, 'wrong').status == 429
    system.wait_for(lambda: rows(daemon), 'the row is saved')
    assert canary not in daemon.ctl('throttle', 'list').stdout
    assert daemon.stop() == 0
    for path in daemon.folder.iterdir():
        assert not path.is_file() or canary.encode() not in path.read_bytes(), path
    daemon.start()


def test_the_list(daemon, app):
    assert daemon.ctl('throttle', 'list').stderr == 'Nobody has failed within an hour.\n'
    assert listed(daemon) == []
    fail(daemon, 'ada', '2001:db8::17')
    by_http(daemon, app, 'nobody-of-this-name', 'wrong')
    lines = daemon.ctl('throttle', 'list').stdout.splitlines()
    assert lines[0].split() == ['USER', 'REMOTE', 'FAILURES', 'WAIT', 'LAST']
    assert sorted(line.split()[:3] for line in lines[1:]) == [['-', '127.0.0.1', '1'], ['ada', '2001:db8::/64', '3']]
    assert [entry['remote'] for entry in listed(daemon, '--user=ada')] == ['2001:db8::/64']
    assert listed(daemon, '--user=bob') == []


def test_a_client_stands_there_too(daemon, app):
    daemon.grant('ada', form={**app, 'client_secret': 'wrong'}, tcp=True)
    assert [entry['user'] for entry in listed(daemon)] == ['client:app']
    daemon.grant('ada', form={**app, 'client_id': 'nobodys'}, tcp=True)
    assert sorted(entry.get('user', '') for entry in listed(daemon)) == ['', 'client:app']
    assert daemon.ctl('throttle', 'clear', 'client:app').stdout == '1 count cleared.\n'


CLEARINGS = {
    ('ada',): {'bob'}, ('--remote=192.0.2.9',): {'ada elsewhere'}, ('ada', '--remote=::ffff:192.0.2.9'):
    {'bob', 'ada elsewhere'}, ('--remote=2001:db8::1',): {'ada', 'bob'}, ('--all',): set(),
    ('eve',): {'ada', 'bob', 'ada elsewhere'},
}


@pytest.mark.parametrize('arguments', CLEARINGS, ids=' '.join)
def test_clearing_lets_in_at_once(daemon, arguments):
    cases = {'ada': ('ada', '192.0.2.9'), 'bob': ('bob', '192.0.2.9'), 'ada elsewhere': ('ada', '2001:db8::17')}
    for user, remote in cases.values():
        fail(daemon, user, remote)
    assert daemon.stop() == 0
    lengthen(daemon)
    daemon.start()
    assert {case for case, at in cases.items() if by_sshd(daemon, at[0], 'correct horse', at[1]).status == 429} == {*cases}
    cleared = daemon.ctl_json('throttle', 'clear', *arguments)['cleared']
    assert cleared == len(cases) - len(CLEARINGS[arguments])
    assert {case for case, at in cases.items()
            if by_sshd(daemon, at[0], 'correct horse', at[1]).status == 429} == CLEARINGS[arguments]
    # and so it stays
    assert daemon.stop() == 0
    daemon.start()
    assert {case for case, at in cases.items()
            if by_sshd(daemon, at[0], 'correct horse', at[1]).status == 429} == CLEARINGS[arguments]


def test_clearing_says_what_it_needs(daemon):
    for arguments in [(), ('ada', '--all'), ('--remote=192.0.2.1', '--all'), ('ada', 'bob')]:
        assert daemon.ctl('throttle', 'clear', *arguments, check=False).returncode == 2
    assert daemon.request('DELETE', '/v1/throttle').status == 400
    assert daemon.request('DELETE', '/v1/throttle?user=').status == 400
    assert daemon.request('DELETE', '/v1/throttle?all=true&user=ada').status == 400


def test_clearing_stands_in_the_journal(daemon):
    fail(daemon, 'ada', '192.0.2.9')
    daemon.ctl('throttle', 'clear', 'ada')
    daemon.ctl('throttle', 'clear', 'Canary-of-nobody')
    lines = [line for line in daemon.output().splitlines() if 'failures cleared' in line]
    assert len(lines) == 2 and 'ada' in lines[0] and 'Canary' not in daemon.output()
