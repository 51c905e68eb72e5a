"""One budget of wrong passwords per user and remote host, over every door (threat 41)."""

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
