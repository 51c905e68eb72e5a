"""Known and unknown users get the same answer after the same time at every door but root's."""

import time

import pytest

import tokend as system

pytestmark = pytest.mark.root

VOLATILE = {'date'}
ASKER = 65534


@pytest.fixture
def doors(make_tokend):
    """A user with a cheap hash, one with a dear one, a client over TCP, and a uid on the socket."""
    daemon = make_tokend({'Password': {'Throttle': 'no', 'PasswordGrantUsers': str(ASKER)}}).start()
    daemon.add_user('cheap')
    daemon.stop()
    daemon.config['Password'].update(Hash='yescrypt', Rounds='0')
    daemon.start()
    daemon.add_user('dear')
    secret = daemon.ctl_json('client', 'add', 'app', '--grants=password')['client_secret']
    # the first check of a client's secret is a hash of its own
    form = {'client_id': 'app', 'client_secret': secret}
    # by the dear one: a right password renews the cheap hash
    assert daemon.grant('dear', form=form, tcp=True).status == 200
    return daemon, {'socket': dict(uid=ASKER), 'tcp': dict(form=form, tcp=True)}


def refused(daemon, door, user):
    """The bytes of a refusal (without the date) and when it came, by the clock of the request."""
    start = time.monotonic()
    reply = daemon.grant(user, 'a wrong password', **door)
    took = time.monotonic() - start
    headers = {name: value for name, value in reply.headers.items() if name not in VOLATILE}
    return (reply.status, headers, reply.body), took


@pytest.mark.parametrize('door', ['socket', 'tcp'])
def test_same_bytes(doors, door):
    daemon, ways = doors
    answers = [refused(daemon, ways[door], user)[0] for user in ('cheap', 'dear', 'nobody-of-this-name')]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0] == 400 and '"reason":"wrong-password"' in answers[0][2]


@pytest.mark.parametrize('door', ['socket', 'tcp'])
def test_same_time(doors, door):
    """Each refusal comes at the first fixed time behind its request: asked together, they come
    together, whatever the hash costs. Compared is the order of magnitude, not the clock: the dear hash
    alone would set them apart by itself, the fixed time lets them differ by the noise only."""
    daemon, ways = doors
    users = ['cheap', 'dear', 'nobody-of-this-name']
    took = {user: [] for user in users}
    for _ in range(5):
        for user in users:
            took[user].append(refused(daemon, ways[door], user)[1])
    best = {user: min(times) for user, times in took.items()}
    # all of them waited for the same moment, which is later than the hash
    assert min(best.values()) >= 0.05
    assert max(best.values()) - min(best.values()) < min(best.values()) / 4, best


@pytest.fixture
def typed(doors):
    """What may be typed where a password is asked for, and is wrong, by kind; and what is right."""
    daemon, _ = doors
    daemon.add_user('eve', scopes='login,read')
    daemon.add_user('bob', scopes='login')

    def issue(user, *flags):
        return daemon.ctl_json('token', 'issue', f'--user={user}', *flags)['access_token']

    short = issue('eve', '--scopes=login', '--ttl=1')
    used = issue('eve', '--scopes=login')
    form = {'service': 'sshd', 'accept': 'token', 'once': '1'}
    assert daemon.grant('eve', used, form=form).status == 200
    system.wait_for(lambda: not daemon.is_active(short), 'the end of a short life')
    wrong = {
        'a password': 'a wrong password', 'no token': '0123456789abcdef' * 4, "another's": issue('bob', '--scopes=login'),
        'without scopes': issue('eve'), 'another scope': issue('eve', '--scopes=read'), 'expired': short, 'used up': used,
    }
    return wrong, issue('eve', '--scopes=login')


def kinds_refused(daemon, typed, form):
    replies = {}
    for kind, text in typed.items():
        reply = daemon.grant('eve', text, form=form)
        replies[kind] = (reply.status, {name: value for name, value in reply.headers.items() if name not in VOLATILE},
                         reply.body)
    return replies


@pytest.mark.parametrize('accept', ['token', 'password token'])
def test_tokens_in_place_of_passwords(doors, typed, accept):
    """The same bytes. That each costs one hash is counted in test-grant-password.c."""
    daemon, _ = doors
    wrong, right = typed
    for once in ({}, {'once': '1'}):
        replies = kinds_refused(daemon, wrong, {'service': 'sshd', 'accept': accept, **once})
        assert len({str(reply) for reply in replies.values()}) == 1, replies
        assert replies['no token'][0] == 400 and '"reason":"wrong-password"' in replies['no token'][2]
    assert daemon.grant('eve', right, form={'service': 'sshd', 'accept': accept, 'once': '1'}).status == 200


def test_root_is_told_at_once(doors):
    """So that local users' logins are not slowed: no hash, no waiting."""
    daemon, _ = doors
    reply = daemon.grant('nobody-of-this-name', 'x', form={'service': 'sshd'})
    assert reply.status in (400, 404)
    assert reply.json()['reason'] == 'user-unknown'


def test_another_uid_learns_nothing_about_names(daemon):
    """A uid may try its own user only; whether another name exists makes no difference."""
    ada = daemon.add_user('ada')
    daemon.add_user('bob')
    answers = [daemon.grant(name, 'x', uid=ada['uid']) for name in ('bob', 'nobody-of-this-name')]
    assert answers[0].status == answers[1].status == 403
    assert answers[0].body == answers[1].body


def test_client_secrets(doors):
    daemon, _ = doors
    answers = []
    for client in ('app', 'no-such-app'):
        reply = daemon.grant('cheap', form={'client_id': client, 'client_secret': 'wrong'}, tcp=True)
        answers.append((reply.status, reply.body, reply.headers.get('www-authenticate')))
    assert answers[0] == answers[1]
    assert answers[0][0] == 401
