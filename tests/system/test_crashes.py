"""The daemon dies in the middle of a change: all of it is there afterwards, or nothing (threats 35, 39)."""

import os
import threading

import pytest

import tokend as system

pytestmark = [pytest.mark.root, pytest.mark.sanitize]

PAUSE_MSEC = 300


@pytest.fixture
def slow(make_tokend, folder):
    """A daemon whose commits last, and the file that tells when one is under way."""
    log = os.path.join(folder, 'syncs')
    daemon = make_tokend(env=system.preload(system.SLOW_FDATASYNC, SLOW_FDATASYNC_LOG=log)).start()
    daemon.add_user('ada')
    daemon.add_user('bob')
    daemon.ctl('client', 'add', 'corp', '--scopes=issue', '--secret-file=-', input='secret of corp')
    return daemon, log


def kill_in(daemon, log, moment, ask):
    """Sends ask() and kills the daemon when its commit 'enter's or has left the disk."""
    daemon.stop()
    daemon.env['SLOW_FDATASYNC_MSEC'] = str(PAUSE_MSEC)
    daemon.start()
    os.truncate(log, 0)
    answers = []

    def run():
        try:
            answers.append(ask())
        except (OSError, system.http.client.HTTPException):
            pass

    thread = threading.Thread(target=run)
    thread.start()
    system.wait_for(lambda: f'{moment} fdatasync' in open(log).read(), 'the commit')
    daemon.kill()
    thread.join(system.PATIENCE)
    del daemon.env['SLOW_FDATASYNC_MSEC']
    daemon.start()
    return answers


@pytest.mark.parametrize('moment', ['enter', 'leave'])
def test_rotation(slow, moment):
    """Documented: what was not answered may have happened. Then the old refresh token is used, and its
    holder gets invalid_grant and logs in again; never are two lines alive, never is it an error of ours."""
    daemon, log = slow
    first = daemon.grant('ada').json()

    def refresh():
        return daemon.request('POST', '/oauth/token',
                              form={'grant_type': 'refresh_token', 'refresh_token': first['refresh_token']})

    answers = kill_in(daemon, log, moment, refresh)
    again = answers[0] if answers else refresh()
    assert again.status in (200, 400)
    if again.status == 400:
        assert again.json()['error'] == 'invalid_grant'
    alive = daemon.ctl_json('token', 'list', '--user=ada')['tokens']
    assert len([token for token in alive if token['kind'] == 'refresh']) <= 1
    assert len([token for token in alive if token['kind'] == 'access']) <= 1
    if again.status == 200:
        assert daemon.is_active(again.json()['access_token'])
        assert not daemon.is_active(first['access_token'])


@pytest.mark.parametrize('moment', ['enter', 'leave'])
def test_token_for_one_login(slow, moment):
    """It is used up and has made a login, or neither: never a login with the token still alive, nor a
    token that nobody could use any more."""
    daemon, log = slow
    daemon.add_user('eve', scopes='login')
    typed = daemon.ctl_json('token', 'issue', '--user=eve', '--scopes=login')['access_token']

    def log_in():
        return daemon.grant('eve', typed, form={'service': 'sshd', 'accept': 'token', 'once': '1'})

    answers = kill_in(daemon, log, moment, log_in)
    made = [token for token in daemon.ctl_json('token', 'list', '--user=eve')['tokens']
            if token['grant'] == 'login_token']
    is_alive = daemon.is_active(typed)
    assert len(made) + is_alive == 1
    if answers:
        assert answers[0].status == 200 and answers[0].json()['login'] == made[0]['login']
    again = log_in()
    assert again.status == (200 if is_alive else 400), again
    assert again.status == 200 or again.json()['reason'] == 'wrong-password'
    assert not daemon.is_active(typed)


@pytest.mark.parametrize('moment', ['enter', 'leave'])
def test_bulk(slow, moment):
    daemon, log = slow
    key = daemon.ctl_json('token', 'issue', '--client=corp', '--scopes=issue')['access_token']
    ids = [user['partner_id'] for user in daemon.ctl_json('user', 'list')['users']]
    assert len(ids) == 2

    def issue():
        return daemon.request('POST', '/v1/enterprise/user-tokens', body={'data': ids},
                              headers={'Authorization': f'Bearer {key}'})

    answers = kill_in(daemon, log, moment, issue)
    issued = [token for token in daemon.ctl_json('token', 'list')['tokens'] if token.get('user')]
    assert len(issued) in (0, 2)
    if answers and answers[0].status == 201:
        assert len(issued) == 2
        assert all(daemon.is_active(one['token']) for one in answers[0].json()['data'])
