/* Why the kernel refused a request, where the request alone tells. */
#ifndef CORE_CAUSE_H
#define CORE_CAUSE_H

#include <linux/aio_abi.h>

/* What is wrong with a request that io_submit refused with err (positive), in
 * the order in which the kernel looks (fs/aio.c, io_submit_one). NULL where
 * the request alone does not tell. Makes no system call. */
const char *cause_of_refusal(const struct iocb *iocb, int err);

#endif
