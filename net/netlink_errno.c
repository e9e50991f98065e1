#include "net/netlink.h"

#include <errno.h>
#include <netlink/errno.h>

/* What libnl made of an errno, or of its own findings. */
static const int errnos[] = {
    [NLE_FAILURE] = EIO,
    [NLE_INTR] = EINTR,
    [NLE_BAD_SOCK] = EBADF,
    [NLE_AGAIN] = EAGAIN,
    [NLE_NOMEM] = ENOMEM,
    [NLE_EXIST] = EEXIST,
    [NLE_INVAL] = EINVAL,
    [NLE_RANGE] = ERANGE,
    [NLE_MSGSIZE] = EMSGSIZE,
    [NLE_OPNOTSUPP] = EOPNOTSUPP,
    [NLE_AF_NOSUPPORT] = EAFNOSUPPORT,
    [NLE_OBJ_NOTFOUND] = ENOENT,
    [NLE_NOATTR] = ENODATA,
    [NLE_MISSING_ATTR] = EINVAL,
    [NLE_AF_MISMATCH] = EINVAL,
    [NLE_SEQ_MISMATCH] = EBADMSG,
    [NLE_MSG_OVERFLOW] = EOVERFLOW,
    [NLE_MSG_TRUNC] = EMSGSIZE,
    [NLE_NOADDR] = EADDRNOTAVAIL,
    [NLE_SRCRT_NOSUPPORT] = EOPNOTSUPP,
    [NLE_MSG_TOOSHORT] = EBADMSG,
    [NLE_MSGTYPE_NOSUPPORT] = EOPNOTSUPP,
    [NLE_OBJ_MISMATCH] = EINVAL,
    [NLE_NOCACHE] = EINVAL,
    [NLE_BUSY] = EBUSY,
    [NLE_PROTO_MISMATCH] = EPROTONOSUPPORT,
    [NLE_NOACCESS] = EACCES,
    [NLE_PERM] = EPERM,
    [NLE_PKTLOC_FILE] = EIO,
    [NLE_PARSE_ERR] = EINVAL,
    [NLE_NODEV] = ENODEV,
    [NLE_IMMUTABLE] = EINVAL,
    [NLE_DUMP_INTR] = EAGAIN,
    [NLE_ATTRSIZE] = EMSGSIZE,
};

int netlink_errno(int nl_error)
{
	/* the absolute value of INT_MIN is no int */
	unsigned number = nl_error < 0 ? 0u - (unsigned)nl_error : (unsigned)nl_error;

	if (number == 0)
		return 0;
	if (number >= sizeof(errnos) / sizeof(errnos[0]) || errnos[number] == 0)
		return -EIO;
	return -errnos[number];
}
