"""Files that stay in the page cache, so that a benchmark does not measure the disk."""

import contextlib
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.munmap.argtypes = libc.mlock.argtypes = [ctypes.c_void_p, ctypes.c_size_t]

PROT_READ, MAP_SHARED, MAP_FAILED = 1, 1, ctypes.c_void_p(-1).value


@contextlib.contextmanager
def held(path):
    """The file as it is now, in memory until the with ends."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(fd).st_size
        at = libc.mmap(None, size, PROT_READ, MAP_SHARED, fd, 0)
    finally:
        os.close(fd)
    if at == MAP_FAILED:
        raise OSError(ctypes.get_errno(), 'mmap', str(path))
    try:
        if libc.mlock(at, size) != 0:
            raise OSError(ctypes.get_errno(), 'mlock', str(path))
        yield
    finally:
        libc.munmap(at, size)


def dropped(path):
    """The file goes from the page cache: what comes next reads the disk."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(fd)
