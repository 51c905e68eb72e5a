"""Every function of the module with every flag, by pamtester: as root, and by pam_wrapper as the user, who can
write neither /etc/pam.d nor ask tokend about others."""

import os
import pathlib
import subprocess

import pytest
import stack
import tokend as system

pytestmark = pytest.mark.root

SERVICE = 'flags'
PASSWORD = 'adas password'
WRAPPER = '/usr/lib/x86_64-linux-gnu/libpam_wrapper.so'

# pamtester knows PAM_DELETE_CRED by its value only: it is not on its list
CALLS = [f'{function}({flags})' if flags else function
         for function, all_flags in {
             'authenticate': ['', 'PAM_SILENT', 'PAM_DISALLOW_NULL_AUTHTOK', 'PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK'],
             'acct_mgmt': ['', 'PAM_SILENT', 'PAM_DISALLOW_NULL_AUTHTOK'],
             'setcred': ['', 'PAM_ESTABLISH_CRED', 'PAM_REINITIALIZE_CRED', 'PAM_REFRESH_CRED',
                         'PAM_ESTABLISH_CRED | PAM_SILENT'],
             'open_session': ['', 'PAM_SILENT'],
             'close_session': ['', 'PAM_SILENT'],
         }.items() for flags in all_flags]


@pytest.fixture
def daemon(make_tokend):
    daemon = stack.start(make_tokend)
    daemon.add_user('ada', PASSWORD)
    daemon.add_user('bob', 'bobs password')
    return daemon


@pytest.fixture
def pamtester(daemon, folder):
    """pamtester(user, password, calls, uid): the exit status and all that was said."""
    services = pathlib.Path(folder) / 'services'
    services.mkdir()
    (services / SERVICE).write_text(''.join(
        f'{kind} required {system.MODULE} socket={daemon.socket} nodelay\n'
        for kind in ('auth', 'account', 'session', 'password')))
    wrapped = {'LD_PRELOAD': WRAPPER, 'PAM_WRAPPER': '1', 'PAM_WRAPPER_SERVICE_DIR': str(services)}

    def run(user, password, *calls, uid=0):
        command = ['pamtester', '-v', SERVICE, user, *calls]
        if uid:
            command = ['setpriv', f'--reuid={uid}', f'--regid={uid}', '--clear-groups', *command]
        done = subprocess.run(command, input=f'{password}\n', capture_output=True, text=True,
                              env={**os.environ, **wrapped}, timeout=system.PATIENCE)
        return done.returncode, done.stdout + done.stderr

    assert pathlib.Path(WRAPPER).exists()
    return run


@pytest.mark.parametrize('call', CALLS)
def test_each_function_with_each_flag(pamtester, call):
    code, text = pamtester('ada', PASSWORD, call)
    assert code == 0, text


def test_silence_is_kept(pamtester):
    code, text = pamtester('ada', 'wrong', 'authenticate(PAM_SILENT)')
    assert code != 0 and 'tokend' not in text, text


def test_all_in_one_process(daemon, pamtester):
    code, text = pamtester('ada', PASSWORD, 'authenticate', 'acct_mgmt', 'setcred(PAM_ESTABLISH_CRED)', 'open_session',
                           'setcred(PAM_REINITIALIZE_CRED)', 'close_session')
    assert code == 0, text
    assert daemon.ctl_json('token', 'list')['tokens'] == []


@pytest.mark.parametrize('call', [call for call in CALLS if 'session' not in call])
def test_as_the_user(pamtester, call):
    """A screen locker: nobody but root opens sessions."""
    code, text = pamtester('ada', PASSWORD, call, uid=stack.uid_of('ada'))
    assert code == 0, text


def test_as_the_user_wrong_or_for_another(daemon, pamtester):
    uid = stack.uid_of('ada')
    assert pamtester('ada', 'wrong', 'authenticate', uid=uid)[0] != 0
    assert pamtester('bob', 'bobs password', 'authenticate', uid=uid)[0] != 0
    assert pamtester('bob', '', 'acct_mgmt', uid=uid)[0] != 0
    daemon.ctl('user', 'lock', 'ada')
    assert pamtester('ada', PASSWORD, 'authenticate', uid=uid)[0] != 0
    assert pamtester('ada', PASSWORD, 'acct_mgmt', uid=uid)[0] != 0
