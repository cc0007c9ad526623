/* CRC-32C (Castagnoli), as iSCSI, ext4 and btrfs use it. */
#ifndef CORE_CRC32C_H
#define CORE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from crc (0 at first) over len more bytes. */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t len);

/* The same without the processor's help: for tests, and where it has none. */
uint32_t crc32c_portable(uint32_t crc, const void *bytes, size_t len);

#endif
