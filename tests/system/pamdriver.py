#!/usr/bin/python3
"""One PAM handle driven from outside: pamdriver.py SERVICE USER PASSWORD.

Reads an operation a line and answers with the return code of the PAM function; "env NAME" answers
with the value in the PAM environment. With "?" for a PASSWORD each prompt is printed as "? TEXT", and
the line after that is what is typed.
"""

import ctypes
import ctypes.util
import sys


class Message(ctypes.Structure):
    _fields_ = [('style', ctypes.c_int), ('text', ctypes.c_char_p)]


class Response(ctypes.Structure):
    _fields_ = [('text', ctypes.c_void_p), ('code', ctypes.c_int)]


CONVERSE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.POINTER(ctypes.POINTER(Message)),
                            ctypes.POINTER(ctypes.POINTER(Response)), ctypes.c_void_p)


class Conversation(ctypes.Structure):
    _fields_ = [('converse', CONVERSE), ('data', ctypes.c_void_p)]


libpam = ctypes.CDLL('libpam.so.0')
libc = ctypes.CDLL(None)
libc.calloc.restype = ctypes.c_void_p
libc.calloc.argtypes = [ctypes.c_size_t, ctypes.c_size_t]
libc.strdup.restype = ctypes.c_void_p
libpam.pam_getenv.restype = ctypes.c_char_p

OPERATIONS = {
    'authenticate': ('pam_authenticate', 0),
    'acct_mgmt': ('pam_acct_mgmt', 0),
    'setcred': ('pam_setcred', 2),  # PAM_ESTABLISH_CRED
    'delcred': ('pam_setcred', 4),  # PAM_DELETE_CRED
    'open_session': ('pam_open_session', 0),
    'close_session': ('pam_close_session', 0x8000),  # PAM_SILENT
    'chauthtok': ('pam_chauthtok', 0),
}


def type_in(password, prompt):
    if password == '?':
        print(f'? {prompt}', flush=True)
        password = sys.stdin.readline().rstrip('\n')
    return libc.strdup(password.encode())


def main():
    service, user, password = sys.argv[1:]

    @CONVERSE
    def converse(n, messages, responses, _):
        array = ctypes.cast(libc.calloc(n, ctypes.sizeof(Response)), ctypes.POINTER(Response))
        for i in range(n):
            if messages[i].contents.style in (1, 2):  # PAM_PROMPT_ECHO_OFF, PAM_PROMPT_ECHO_ON
                array[i].text = type_in(password, messages[i].contents.text.decode())
        responses[0] = array
        return 0

    handle = ctypes.c_void_p()
    conversation = Conversation(converse, None)
    assert libpam.pam_start(service.encode(), user.encode(), ctypes.byref(conversation), ctypes.byref(handle)) == 0
    libpam.pam_set_item(handle, 4, b'192.0.2.7')  # PAM_RHOST
    while line := sys.stdin.readline():
        word = line.split()
        if word[0] == 'env':
            print((libpam.pam_getenv(handle, word[1].encode()) or b'').decode(), flush=True)
            continue
        function, flags = OPERATIONS[word[0]]
        print(getattr(libpam, function)(handle, flags), flush=True)
    libpam.pam_end(handle, 0)


main()
